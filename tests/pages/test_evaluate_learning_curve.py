"""Learning curve on the Evaluate page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.learning_curve.records import (
    ClassGain,
    CurvePoint,
    Forecast,
    ForecastPoint,
    LearningCurve,
    NoForecast,
    write_learning_curve,
)
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.workspace import Project

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]
CURVE = LearningCurve(
    points=(CurvePoint(pictures=100, accuracies=(0.7, 0.72)), CurvePoint(pictures=1000, accuracies=(0.8,))),
    validation_pictures=200,
    forecast=Forecast(
        gain=0.0231,
        interval=(0.004, 0.0392),
        curve=tuple(
            ForecastPoint(pictures=count, accuracy=0.8, interval=(0.7, 0.9)) for count in (100, 1000, 2000)
        ),
        classes=(ClassGain(name="0", gain=0.007, interval=(0.006, 0.1)),),
    ),
)


def texts(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(item.value for item in (*app.markdown, *app.caption))


def test_one_press_measures_the_curve_of_this_run(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.temporary_jobs.launch", launched.append)
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="mistakes", part="more")
    assert "Would more pictures help?" in texts(app)
    app.button(key="learning-curve-start").click().run()
    assert not app.exception
    (job,) = launched
    assert (job.kind, job.config()) == (JobKind.LEARNING_CURVE, {"run": run.name})


def test_the_answer_is_one_sentence(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    """Points are rounded, and the interval outwards."""
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    write_learning_curve(EvaluatedRun.open(run.path), CURVE)
    shown = texts(open_page("evaluate", section="mistakes", part="more"))
    assert "Twice as many pictures would bring about 2 points (0 to 4)" in shown
    assert "Most would gain: 0 (about 0.7 points)." in shown


@pytest.mark.parametrize("reason", NoForecast)
def test_a_curve_without_a_forecast_says_why(
    open_page: OpenPage, project: Project, make_run: MakeRun, reason: NoForecast
) -> None:
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    write_learning_curve(EvaluatedRun.open(run.path), replace(CURVE, forecast=None, reason=reason))
    app = open_page("evaluate", section="mistakes", part="more")
    assert "Twice as many" not in texts(app)
    assert "too few" in texts(app) or "do not follow" in texts(app)
    assert "learning-curve-add" not in [button.key for button in app.button]
