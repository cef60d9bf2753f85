"""Robustness section of the Evaluate page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.corruptions import CORRUPTIONS
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.workspace import Project
from pages.ui.evaluate.robustness import section as _section  # noqa: F401  # before a table is extended
from pages.ui.evaluate.robustness.strip import telling_pictures
from pages.ui.settings import chosen_augmentation
from tests.support.robustness import store_robustness
from tests.support.tables import extend_table

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


def texts(app: AppTest) -> str:
    return "\n".join(item.value for item in (*app.markdown, *app.caption))


def test_one_press_starts_the_test_of_this_run(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.temporary_jobs.launch", launched.append)
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="robustness")
    assert "6 of 6 test pictures" in texts(app)
    app.button(key="robustness-start").click().run()
    assert not app.exception
    (job,) = launched
    assert job.kind is JobKind.ROBUSTNESS
    assert job.config() == {"run": run.name, "is_judged": False, "pictures": 6, "seed": 0}


def test_the_result_says_what_breaks_it_and_trains_against_it(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    store_robustness(EvaluatedRun.open(run.path), {"rotation": 1, "blur": 3})
    app = open_page("evaluate", section="robustness")
    assert "Weakest against Rotation" in texts(app)
    assert "Rotation (10°), Blur (1.8%)" in texts(app)
    app.button(key="robustness-another").click().run()
    app.selectbox(key="robustness-kind").select("jpeg").run()
    assert not app.exception
    app.button(key="robustness-train").click().run()
    chosen = chosen_augmentation(project)
    assert (chosen["rotation"], chosen["blur"]) == pytest.approx((15 / 360, 0.027))
    # where the next run is started, not at the runs so far
    assert app.query_params["section"] == "new"


def test_a_classifier_that_stands_everything_needs_no_remedy(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    store_robustness(EvaluatedRun.open(run.path), {})
    app = open_page("evaluate", section="robustness")
    assert "Nothing is proven to break it" in texts(app)
    assert "robustness-train" not in [button.key for button in app.button]


def test_a_new_corruption_is_offered_and_its_result_is_shown(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row in the table is all that it takes."""
    row = replace(CORRUPTIONS[0], code="throwaway", label="Throwaway change")
    count = len(CORRUPTIONS) + 1
    extend_table(monkeypatch, CORRUPTIONS, row)
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="robustness")
    assert f"changes your test pictures in {count} ways" in texts(app)
    store_robustness(EvaluatedRun.open(run.path), {"throwaway": 1})
    assert "Weakest against Throwaway change" in texts(open_page("evaluate", section="robustness"))


def test_pictures_that_change_their_answer_first_are_shown_first() -> None:
    rows = [("", 0, "abc"), ("blur", 0, "abc"), ("blur", 1, "xbc"), ("blur", 2, "xxc")]
    answers = pd.DataFrame(
        [
            {"id": str(number), "code": code, "level": level, "predicted": letter}
            for code, level, letters in rows
            for number, letter in enumerate(letters)
        ]
    )
    assert telling_pictures(answers, "blur") == ["0", "1", "2"]
    assert telling_pictures(answers.iloc[::-1], "blur") == ["0", "1", "2"]
