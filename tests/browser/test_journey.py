"""The whole journey in a real browser: digits in, classifier out, nothing asked of another host."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.data.sources.samples import write_digits
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.training.config import Recipe, TrainingConfig
from core.workspace import Project, get_project, list_runs
from pages.ui.settings import remember_recipe_settings
from tests.browser.conftest import Servers
from tests.support.browser import screenshot, settled
from tests.support.command_line import wait_until

SLOW_MS = 600_000  # ends a wait in vain; work beside the test may slow training ten times


def step(page: Page, title: str) -> None:
    """Go to a step by the sidebar, as a person would."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=title).first.click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    settled(page)


def button(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} button").first


@pytest.mark.usefixtures("no_worker_survives")
def test_digits_become_a_downloaded_classifier(
    servers: Servers, page: Page, workspace: Path, tmp_path: Path
) -> None:
    """The main job, from the first page to a bundle that answers outside Darkroom."""
    address = servers.start()
    page.goto(address)
    settled(page)
    screenshot(page, "1-overview-empty")
    button(page, "sample-digits").click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible(timeout=SLOW_MS)
    settled(page)
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("1,797")
    screenshot(page, "2-data")

    step(page, "Augment")
    button(page, "preset-strong").click()
    expect(page.get_by_text("Only training pictures are changed")).to_be_visible()
    settled(page)
    screenshot(page, "3-augment")
    button(page, "preset-none").click()
    expect(page.get_by_text("Nothing is changed yet")).to_be_visible()

    step(page, "Model")
    expect(page.locator(".st-key-backbone-efficientnet_lite0")).to_contain_text("Chosen")
    screenshot(page, "4-model")
    # A fifth of the pixels of the backbone's own size: enough for scans of 8 pixels.
    smaller = TrainingConfig(dataset_version=1, picture_size=96)
    remember_recipe_settings(get_project("Handwritten digits"), smaller)

    step(page, "Train")
    button(page, "start").click()
    expect(page.locator(".st-key-run-progress")).to_be_visible()
    chart = page.locator(".darkroom-live-chart").first
    expect(chart.locator(".main-svg").first).to_be_visible(timeout=SLOW_MS)
    screenshot(page, "5-train-running")
    expect(page.get_by_text("Finished")).to_be_visible(timeout=SLOW_MS)
    settled(page)
    screenshot(page, "6-train-finished")

    step(page, "Evaluate")
    expect(page.get_by_text("of the test pictures are right")).to_be_visible()
    screenshot(page, "7-evaluate")
    page.get_by_role("radio", name="Where does it fail?").click()
    expect(page.locator(".st-key-confusion .main-svg").first).to_be_visible()
    screenshot(page, "7-evaluate-mistakes")

    write_digits(tmp_path / "digits")
    pictures = [next((tmp_path / "digits" / digit).iterdir()) for digit in ("0", "4", "7")]
    step(page, "Predict")
    page.locator(".file-input").set_input_files(pictures)
    expect(page.locator(".dr-bars")).to_have_count(3)
    settled(page)
    screenshot(page, "8-predict")

    step(page, "Export")
    expect(page.get_by_text("Checked:")).to_be_visible()
    screenshot(page, "9-export")
    with page.expect_download() as download:
        page.locator(".st-key-download-bundle a").click()
    assert_bundle_answers(Path(download.value.path()), tmp_path, pictures)
    assert_no_tensorflow(address)


def assert_bundle_answers(archive: Path, tmp_path: Path, pictures: list[Path]) -> None:
    """The unpacked bundle names the digits by itself."""
    folder = tmp_path / "bundle"
    zipfile.ZipFile(archive).extractall(folder)
    done = subprocess.run(
        [sys.executable, "predict.py", *map(str, pictures)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [next(iter(answer["classes"])) for answer in answers] == ["0", "4", "7"]


def assert_no_tensorflow(address: str) -> None:
    """Not one file of TensorFlow is mapped into the server's memory."""
    mapped = {Path(file.path).as_posix() for file in psutil.Process(server_pid(address)).memory_maps()}
    assert not [path for path in mapped if "/tensorflow" in path]


@pytest.mark.usefixtures("no_worker_survives")
def test_training_survives_a_refresh_and_a_killed_server_and_stops_on_request(
    servers: Servers, page: Page, digits_project: Project
) -> None:
    """Work lives in a process of its own; the page only watches it, and finds it again."""
    endless = TrainingConfig(
        dataset_version=1, backbone="small_cnn", recipe=Recipe.SCRATCH, epochs=10_000, patience=10_000
    )
    remember_recipe_settings(digits_project, endless)
    address = servers.start()
    page.goto(f"{address}/model?project={digits_project.name}")
    settled(page)
    button(page, "choose-small_cnn").click()
    expect(page.locator(".st-key-backbone-small_cnn")).to_contain_text("Chosen")
    step(page, "Train")
    button(page, "start").click()
    expect(page.locator(".darkroom-live-chart .main-svg").first).to_be_visible(timeout=SLOW_MS)

    page.reload()
    settled(page)
    expect(page.locator(".st-key-run-progress")).to_be_visible()
    os.kill(server_pid(address), signal.SIGKILL)
    (run,) = list_runs(digits_project)
    assert JobDirectory(run).status().state is JobState.RUNNING

    page.goto(f"{servers.start()}/train?project={digits_project.name}")
    settled(page)
    expect(page.locator(".st-key-run-progress")).to_be_visible()
    screenshot(page, "a-found-again")
    wait_until(lambda: bool(JobDirectory(run).metrics()), "the first epoch: before it nothing can be kept")
    asked = time.time()
    button(page, "stop-run").click()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible(timeout=SLOW_MS)
    status = JobDirectory(run).status()
    assert status.state is JobState.STOPPED
    assert status.updated is not None
    assert status.updated >= asked  # when it stopped; how soon is measured in benchmarks/
    assert (JobDirectory(run).result() or {})["training"]["best"]["epoch"] >= 1


def server_pid(address: str) -> int:
    """The process that listens at ``address``."""
    port = int(address.rsplit(":", 1)[1])
    listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    return next(c.pid for c in listening if c.laddr and c.laddr.port == port and c.pid)


def test_health_answers(servers: Servers) -> None:
    with urllib.request.urlopen(f"{servers.start()}/api/health", timeout=300) as answer:
        assert json.load(answer)["status"] == "ok"


@pytest.mark.parametrize("address", ["data", "train", "export"])
def test_a_deep_link_works_on_a_cold_server(servers: Servers, page: Page, address: str) -> None:
    """Streamlit's own rule for a folder named pages would run the page without its frame."""
    page.goto(f"{servers.start()}/{address}")
    settled(page)
    expect(page.get_by_test_id("stSidebar").get_by_role("link", name="Darkroom")).to_be_visible()
    expect(page.get_by_role("heading", name=address.capitalize(), exact=True)).to_be_visible()


def test_the_page_is_chinese_for_a_chinese_browser(servers: Servers, browser: Browser) -> None:
    """The browser's language is the first choice, without a press."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(servers.start())
    settled(page)
    expect(page.get_by_test_id("stSidebar").get_by_role("link", name="数据", exact=True)).to_be_visible()
    context.close()


def test_a_chosen_language_survives_a_refresh(servers: Servers, page: Page) -> None:
    """The refresh follows at once: the address names the language before the page is drawn in it."""
    page.goto(servers.start())
    settled(page)
    page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").last.click()
    page.get_by_role("option", name="简体中文").click()
    expect(page.get_by_test_id("stSidebar").get_by_role("link", name="数据", exact=True)).to_be_visible()
    page.reload()
    settled(page)
    expect(page.get_by_test_id("stSidebar").get_by_role("link", name="数据", exact=True)).to_be_visible()
    screenshot(page, "b-chinese")
