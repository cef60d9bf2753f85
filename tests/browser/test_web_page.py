"""Exported web pages in a real browser: opened as a file without a network, and from a plain server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.delivery.exporter import DeliveredModel
from core.delivery.formats.web.answers import answer_with_folder, answer_with_page
from core.delivery.formats.web.folder_format import make_web_folder
from core.delivery.formats.web.page_format import make_web_page
from core.delivery.prediction import Classifier
from core.evaluation.report import read_predictions
from core.workspace import Project
from tests.support.browser import screenshot
from tests.support.trained import Trained, copy_dataset, copy_run

MOST_BYTES = 35_000_000


@pytest.fixture(scope="module")
def run(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shared run."""
    return copy_run(trained, copy_dataset(trained, tmp_path_factory.mktemp("web") / "workspace"))


@pytest.fixture(scope="module")
def page_file(run: Path) -> Path:
    make_web_page(DeliveredModel(run), run / "classifier.html")
    return run / "classifier.html"


@pytest.fixture(scope="module")
def pictures(trained: Trained, run: Path) -> dict[str, Path]:
    """Files of all test pictures, by id."""
    project = Project(name=trained.project.name, path=run.parents[1])
    dataset = open_dataset(project)
    folder = run / "pictures"
    folder.mkdir()
    files = {}
    for row in dataset.rows(Split.TEST):
        picture = str(dataset.pictures["id"].iloc[row])
        files[picture] = folder / f"{picture}.png"
        files[picture].write_bytes(dataset.picture_bytes(row))
    return files


@pytest.fixture
def opened(browser: Browser, page_file: Path) -> Iterator[Page]:
    """The page, opened as a file in a browser without a network. Errors and requests fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", offline=True)
    page = context.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    expect(page.get_by_role("button", name="Use the camera")).to_be_enabled()
    yield page
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


def results(page: Page) -> list[str]:
    """The answer to each picture on the page, the newest first."""
    return page.locator("#results .dr-answer").all_inner_texts()


def test_pages_answer_the_test_pictures_as_the_evaluation_did(
    run: Path, page_file: Path, pictures: dict[str, Path], tmp_path: Path
) -> None:
    """Both ways, from picture file to probability; a file that is no picture has none."""
    recorded = read_predictions(run).set_index("id")["probabilities"]
    expected = np.stack([recorded[picture] for picture in pictures])
    no_picture = tmp_path / "notes.png"
    no_picture.write_text("no picture")
    make_web_folder(DeliveredModel(run), tmp_path / "web.zip")
    sent = [*pictures.values(), no_picture]
    # Playwright allows one browser a thread, and the fixtures' browser is open in this one.
    with ThreadPoolExecutor(1) as thread:
        given = [
            thread.submit(answer_with_page, page_file, sent, tmp_path).result(),
            thread.submit(answer_with_folder, tmp_path / "web.zip", sent, tmp_path).result(),
        ]
    for answers in given:
        np.testing.assert_allclose(answers.probabilities[:-1], expected, atol=1e-5)
        assert np.isnan(answers.probabilities[-1]).all()
        assert answers.scores is not None
        scores = [Classifier(run).prediction(file.read_bytes()).stranger_score for file in pictures.values()]
        np.testing.assert_allclose(answers.scores[:-1], np.array(scores, np.float64), atol=1e-3)


def test_the_page_can_be_sent_by_mail(page_file: Path) -> None:
    assert page_file.stat().st_size <= MOST_BYTES


def test_a_chosen_picture_is_answered_with_bars(opened: Page, run: Path, pictures: dict[str, Path]) -> None:
    first, second = list(pictures.values())[:2]
    opened.locator("#files").set_input_files([first, second])
    expect(opened.locator("#results > li")).to_have_count(2)
    classifier = Classifier(run)
    for file, answer in zip((second, first), results(opened), strict=True):
        prediction = classifier.prediction(file.read_bytes())
        assert classifier.is_stranger(prediction) or answer == prediction.guesses[0].name
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        screenshot(opened, f"web-page-{scheme}-1280")
    opened.set_viewport_size({"width": 390, "height": 844})
    screenshot(opened, "web-page-dark-390")
    assert opened.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_files_that_are_no_pictures_are_named_and_cost_no_other(
    opened: Page, pictures: dict[str, Path], tmp_path: Path
) -> None:
    notes, empty = tmp_path / "notes.png", tmp_path / "empty.jpg"
    notes.write_text("no picture")
    empty.touch()
    opened.locator("#files").set_input_files([notes, empty, next(iter(pictures.values()))])
    expect(opened.locator("#results > li")).to_have_count(1)
    expect(opened.get_by_role("status")).to_have_text(
        "notes.png is not a picture that this browser can read."
        " empty.jpg is not a picture that this browser can read."
    )


def test_a_pasted_picture_is_answered(opened: Page, pictures: dict[str, Path]) -> None:
    opened.evaluate(
        """async bytes => {
          const file = new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" })
          const data = new DataTransfer()
          data.items.add(file)
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }))
        }""",
        list(next(iter(pictures.values())).read_bytes()),
    )
    expect(opened.locator("#results > li figcaption")).to_have_text("pasted.png")


def test_the_camera_is_classified_live_and_can_be_frozen(opened: Page) -> None:
    opened.get_by_role("button", name="Use the camera").click()
    expect(opened.locator("#live-answer dd")).to_have_count(3)
    expect(opened.locator("#rate")).to_contain_text("pictures a second")
    opened.get_by_role("button", name="Take a picture").click()
    expect(opened.locator("#results > li figcaption")).to_have_text("camera")
    screenshot(opened, "web-page-camera")
    opened.get_by_role("button", name="Turn off").click()
    expect(opened.locator("#live")).to_be_hidden()
    assert opened.evaluate("() => document.getElementById('video').srcObject.active") is False


def test_the_page_speaks_chinese_to_a_chinese_browser(browser: Browser, page_file: Path) -> None:
    context = browser.new_context(locale="zh-CN", offline=True)
    page = context.new_page()
    page.goto(page_file.as_uri())
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    context.close()
