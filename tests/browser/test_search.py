"""A search in a real browser: a budget, a button, trials as they come, and the best one as a tested run."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.data.importing import import_dataset
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.search.records import read_trials
from core.workspace import Project, list_runs, list_searches
from tests.browser.conftest import Servers
from tests.browser.test_journey import SLOW_MS, button
from tests.support.browser import screenshot, settled
from tests.support.command_line import wait_until
from tests.support.pictures import digit, write_folder
from tests.support.trained import Trained


@pytest.fixture
def digits(workspace: Path, trained: Trained, tmp_path: Path) -> Project:
    """400 digits, enough to be scored on the validation pictures. The backbone is there already."""
    from sklearn.datasets import load_digits

    (workspace / "backbones").symlink_to(trained.home / "backbones")
    files = {
        f"{label}/{number}.png": digit(number) for number, label in enumerate(load_digits().target[:400])
    }
    return import_dataset(write_folder(tmp_path / "source", files), "Digits").project


@pytest.mark.usefixtures("no_worker_survives")
def test_a_search_ends_with_its_best_trial_as_a_tested_run(
    servers: Servers, page: Page, digits: Project
) -> None:
    page.goto(f"{servers.start()}/search?project={digits.name}")
    settled(page)
    page.get_by_text("By number of trials").click()
    trials = page.get_by_role("spinbutton", name="Trials")
    trials.fill("3")
    trials.press("Enter")
    settled(page)
    button(page, "start-search").click()
    expect(page.locator(".st-key-search-progress")).to_be_visible(timeout=SLOW_MS)

    answer = page.locator(".st-key-answer")
    expect(answer).to_contain_text("correct on validation pictures", timeout=SLOW_MS)
    settled(page)
    (path,) = list_searches(digits)
    history = page.locator(f".st-key-history-{path.name} .darkroom-live-chart")
    expect(history.locator(".main-svg").first).to_be_visible()
    marks = "element => element.data.flatMap((trace) => trace.customdata ?? []).length"
    assert history.evaluate(marks) == len(read_trials(path)) == 3
    screenshot(page, "e-search")

    (run,) = list_runs(digits)
    wait_until(
        lambda: JobDirectory(run).status().state is JobState.FINISHED, "the best trial is tested and packed"
    )
    button(page, "evaluate-best").click()  # the page has not seen yet that the run is over: the click counts
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    expect(page.get_by_text("of the test pictures are right")).to_be_visible(timeout=SLOW_MS)
    best = max(read_trials(path), key=lambda trial: trial.value or 0.0)
    assert (JobDirectory(run).result() or {})["training"]["best"]["validation_accuracy"] == pytest.approx(
        best.value
    )
