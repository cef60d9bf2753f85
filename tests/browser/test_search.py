"""A search in a real browser: a budget, a button, trials as they come, and the best one as a tested run."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.search.records import read_trials
from core.workspace import get_project, list_runs, list_searches
from tests.browser.conftest import StartServer
from tests.browser.test_journey import SLOW_MS, button, import_digits, step
from tests.support.browser import screenshot, settled
from tests.support.command_line import wait_until


@pytest.mark.usefixtures("no_worker_survives")
def test_a_search_ends_with_its_best_trial_as_a_tested_run(
    server: StartServer, page: Page, workspace: Path
) -> None:
    import_digits(page, server())
    step(page, "Search")
    page.get_by_text("By number of trials").click()
    trials = page.get_by_role("spinbutton", name="Trials")
    trials.fill("5")
    trials.press("Enter")
    settled(page)
    button(page, "start-search").click()
    expect(page.locator(".st-key-search-progress")).to_be_visible(timeout=SLOW_MS)

    answer = page.locator(".st-key-answer")
    expect(answer).to_contain_text("correct on validation pictures", timeout=SLOW_MS)
    settled(page)
    (path,) = list_searches(get_project("Handwritten digits"))
    history = page.locator(f".st-key-history-{path.name} .darkroom-live-chart")
    expect(history.locator(".main-svg").first).to_be_visible()
    marks = "element => element.data.flatMap((trace) => trace.customdata ?? []).length"
    assert history.evaluate(marks) == len(read_trials(path)) == 5
    screenshot(page, "e-search")

    (run,) = list_runs(get_project("Handwritten digits"))
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
