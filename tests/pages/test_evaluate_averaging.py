"""Offer of averaged views on the Evaluate page: made only where validation proves a gain."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.evaluation.averaging.records import AveragingReport, ViewGain, write_averaging
from core.evaluation.comparison.differences import MetricDifference
from core.evaluation.evaluated_run import EvaluatedRun
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.training.leading_metric import LeadingMetric
from core.workspace import Project
from tests.support.evaluated import evaluated_run
from tests.support.page_queries import said

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    jobs: list[JobDirectory] = []
    for module in ("temporary_jobs", "start_runs"):
        monkeypatch.setattr(f"core.runs.{module}.launch", jobs.append)
    return jobs


def run_with_answers(project: Project) -> JobDirectory:
    dataset = open_dataset(project)
    run = evaluated_run(project, dataset, "run-1", dataset.rows(Split.TEST)[:1])
    write_json(run / "status.json", {"state": "finished"})
    return JobDirectory(run)


def store(run: JobDirectory, **intervals: tuple[float, float]) -> None:
    """Store gains from 90%, in the middle of their intervals."""
    gains = tuple(
        ViewGain(
            views=views,
            difference=MetricDifference(
                code="accuracy", first=0.9, second=0.9 + (low + high) / 2, interval=(low, high)
            ),
        )
        for views, (low, high) in intervals.items()
    )
    report = AveragingReport(metric=LeadingMetric(), pictures=250, gains=gains, milliseconds=7.4)
    write_averaging(EvaluatedRun.open(run.path), report)


def test_a_gain_is_offered_with_its_price(
    open_page: OpenPage, project: Project, launched: list[JobDirectory]
) -> None:
    run = run_with_answers(project)
    store(run, mirror=(0.0102, 0.0298), crops=(-0.06, -0.02))
    app = open_page("evaluate", section="next")
    text = said(app)
    assert "Accuracy on 250 validation pictures. Test pictures were not used." in text
    assert "**The picture and its mirror image**: 90% → 92%, +2.0 points ± 0.5" in text
    assert "about 2 times as long: 14.8 ms instead of 7.4 ms" in text
    assert "It does harm: left and right, or the edges, matter" in text
    assert [button.key for button in app.button if str(button.key).startswith("average-")] == [
        "average-mirror"
    ]
    app.button(key="average-mirror").click().run()
    (job,) = launched
    assert (job.kind, job.config()["views"], job.config()["members"]) == (
        JobKind.ENSEMBLE,
        "mirror",
        ["run-1"],
    )


def test_a_difference_within_its_error_is_not_offered(open_page: OpenPage, project: Project) -> None:
    run = run_with_answers(project)
    store(run, mirror=(-0.02, 0.025), crops=(-0.07, 0.001))
    app = open_page("evaluate", section="next")
    assert "No gain that exceeds chance, so it is not offered." in said(app)
    assert "It probably does harm, so it is not offered." in said(app)
    assert not [button for button in app.button if str(button.key).startswith("average-")]


def test_the_gain_is_measured_by_a_job(
    open_page: OpenPage, project: Project, launched: list[JobDirectory]
) -> None:
    run_with_answers(project)
    app = open_page("evaluate", section="next")
    app.button(key="averaging-start").click().run()
    (job,) = launched
    assert (job.kind, job.config()) == (JobKind.AVERAGING, {"run": "run-1"})


def test_an_older_run_without_answers_to_validation_pictures_has_no_offer(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="next")
    assert "Average several views of each picture" not in [fold.label for fold in app.expander]
