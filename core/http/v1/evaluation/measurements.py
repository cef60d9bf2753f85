"""Measurements by jobs: robustness, learning curve, mean heatmaps, latency; and a test of the run once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from core.errors import NotFoundError
from core.evaluation.averaging.records import AveragingReport, read_averaging
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.mean_heatmaps import MeanHeatmaps, read_mean_heatmaps
from core.evaluation.learning_curve.records import LearningCurve, read_learning_curve
from core.evaluation.robustness.records import USUAL_PICTURES, RobustnessReport, read_robustness
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.records import Record
from core.runs.start_measuring import (
    start_averaging,
    start_explaining,
    start_learning_curve,
    start_robustness_test,
    start_timing,
)
from core.runs.start_runs import start_test_again
from core.workspace import project_of

AnyRecord = TypeVar("AnyRecord", bound=Record)
_MOST_PICTURES = 100_000


@dataclass(frozen=True, kw_only=True)
class SampleSize(Record):
    """Size of a sample."""

    pictures: Annotated[int, Note(text="Test pictures at most.", minimum=1, maximum=_MOST_PICTURES)] = (
        USUAL_PICTURES
    )


@dataclass(frozen=True, kw_only=True)
class RobustnessView(Record):
    """Accuracy of a run on corrupted test pictures."""

    run: str
    report: RobustnessReport
    breaks: Annotated[
        Mapping[str, float],
        Note(text="By code of a corruption: the strength from which a loss of 5 points is proven."),
    ]


@dataclass(frozen=True, kw_only=True)
class AveragingView(Record):
    """Gain on validation of averaging the answers to several views of a picture."""

    run: str
    report: AveragingReport
    offered: Annotated[tuple[str, ...], Note(text="Views that gain more than one standard error.")]
    recommended: Annotated[
        str | None, Note(text="The cheapest within one standard error of the best; null: none gains.")
    ]


def test_robustness(call: Call) -> JobView:
    return job_view(start_robustness_test(call.evaluated.run, call.body_as(SampleSize).pictures))


def robustness(call: Call) -> RobustnessView:
    evaluated = call.evaluated
    report = _measured(evaluated, read_robustness(evaluated))
    return RobustnessView(
        run=evaluated.run.name,
        report=report,
        breaks={
            result.code: result.conditions[index].strength
            for result in report.broken
            if (index := result.breaks_at) is not None
        },
    )


def measure_learning_curve(call: Call) -> JobView:
    evaluated = call.evaluated
    evaluated.require_one_network()
    return job_view(start_learning_curve(evaluated.run))


def learning_curve(call: Call) -> LearningCurve:
    evaluated = call.evaluated
    return _measured(evaluated, read_learning_curve(evaluated))


def make_mean_heatmaps(call: Call) -> JobView:
    evaluated = call.evaluated
    evaluated.require_one_network()
    return job_view(start_explaining(evaluated.run))


def mean_heatmaps(call: Call) -> MeanHeatmaps:
    evaluated = call.evaluated
    return _measured(evaluated, read_mean_heatmaps(evaluated))


def measure_averaging(call: Call) -> JobView:
    return job_view(start_averaging(call.evaluated.run))


def averaging(call: Call) -> AveragingView:
    evaluated = call.evaluated
    report = _measured(evaluated, read_averaging(evaluated))
    return AveragingView(
        run=evaluated.run.name,
        report=report,
        offered=tuple(gain.views for gain in report.gains if gain.is_offered),
        recommended=report.recommended.views if report.recommended else None,
    )


def measure_latency(call: Call) -> JobView:
    run = call.evaluated.run
    return job_view(start_timing(project_of(run), [run]))


def test_again(call: Call) -> JobView:
    return job_view(start_test_again(call.evaluated.run))


def _measured(evaluated: EvaluatedRun, result: AnyRecord | None) -> AnyRecord:
    if result is None:
        raise NotFoundError(
            N_("This was not measured for “{name}” yet. Start it with POST."), name=evaluated.run.name
        )
    return result


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/robustness",
        summary="Start testing a run on blurred, turned, dark and noisy pictures.",
        scope=Scope.TRAIN,
        handler=test_robustness,
        body=SampleSize,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/robustness",
        summary="Read the accuracy on corrupted pictures.",
        scope=Scope.READ,
        handler=robustness,
        answer=RobustnessView,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/learning-curve",
        summary="Start measuring the accuracy over the number of training pictures.",
        scope=Scope.TRAIN,
        handler=measure_learning_curve,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/learning-curve",
        summary="Read the learning curve, and what twice as many pictures would bring.",
        scope=Scope.READ,
        handler=learning_curve,
        answer=LearningCurve,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/mean-heatmaps",
        summary="Start making the heatmaps of many pictures, and look for shortcuts in them.",
        scope=Scope.TRAIN,
        handler=make_mean_heatmaps,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/mean-heatmaps",
        summary="Read where a classifier looks in each class, and its shortcuts.",
        scope=Scope.READ,
        handler=mean_heatmaps,
        answer=MeanHeatmaps,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/averaging",
        summary="Start measuring on validation what averaging mirror images and crops gains.",
        scope=Scope.TRAIN,
        handler=measure_averaging,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/averaging",
        summary="Read what averaging the answers to several views of a picture gains.",
        scope=Scope.READ,
        handler=averaging,
        answer=AveragingView,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/latency",
        summary="Start measuring the time of one picture on this computer; the comparison of runs shows it.",
        scope=Scope.TRAIN,
        handler=measure_latency,
        answer=JobView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/test-again",
        summary="Start testing and exporting a run once more, for what this version measures.",
        scope=Scope.TRAIN,
        handler=test_again,
        answer=JobView,
        status=202,
    ),
)
