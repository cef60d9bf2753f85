"""Metrics of a run with intervals, slices, advice, and the use of the test set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from core.evaluation.advice.table import advise
from core.evaluation.answers_in_use import answers_in_use
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading, leading_metric, majority_value
from core.evaluation.looks import TestSetUse, use_of_test_set
from core.evaluation.metrics import table
from core.evaluation.metrics.intervals import Interval
from core.evaluation.slices.measuring import measure_slices, slice_source
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.records import Record
from core.training.leading_metric import LeadingKind
from core.workspace import list_runs, project_of


@dataclass(frozen=True, kw_only=True)
class MetricView(Record):
    """A metric on the test pictures."""

    code: str
    label: str
    value: Annotated[float | None, Note(text="null where it is undefined.")]
    interval: Annotated[Interval | None, Note(text="95%; pictures that belong together count once.")]
    is_fraction: bool
    is_higher_better: bool


@dataclass(frozen=True, kw_only=True)
class LeadingView(Record):
    """The metric that matters in the project, by the thresholds in use."""

    kind: LeadingKind
    label: str
    value: float | None
    interval: Interval | None
    majority: Annotated[float | None, Note(text="Of always giving the most frequent answer.")]


@dataclass(frozen=True, kw_only=True)
class MetricList(Record):
    """Metrics of a run."""

    run: str
    pictures: Annotated[int, Note(text="Test pictures.")]
    leading: LeadingView
    metrics: tuple[MetricView, ...]


@dataclass(frozen=True, kw_only=True)
class SliceView(Record):
    """Accuracy on test pictures that have a property in common."""

    kind: Annotated[str, Note(text="Code of the property, such as brightness.")]
    name: str
    pictures: int
    groups: int
    accuracy: float
    interval: Interval
    difference: Annotated[float, Note(text="To the accuracy of the rest.")]
    adjusted_p_value: Annotated[float | None, Note(text="null: too small to be ranked.")]
    is_proven: Annotated[bool, Note(text="Worse than the rest beyond chance.")]


@dataclass(frozen=True, kw_only=True)
class SliceList(Record):
    """Slices of the test pictures, the worst first, then those that are too small to be ranked."""

    run: str
    slices: tuple[SliceView, ...]


@dataclass(frozen=True, kw_only=True)
class AdviceView(Record):
    """One next step."""

    code: str
    advice: str
    reason: str
    weight: Annotated[float, Note(text="Share of the test pictures that it concerns.")]


@dataclass(frozen=True, kw_only=True)
class AdviceList(Record):
    """Next steps, the weightiest first."""

    run: str
    advice: tuple[AdviceView, ...]


def list_all(call: Call) -> MetricList:
    evaluated = call.evaluated
    report = evaluated.report
    return MetricList(
        run=evaluated.run.name,
        pictures=report.pictures,
        leading=_leading(evaluated),
        metrics=tuple(
            MetricView(
                code=metric.code,
                label=metric.label,
                value=report.metrics.get(metric.code),
                interval=report.intervals.get(metric.code),
                is_fraction=metric.is_fraction,
                is_higher_better=metric.is_higher_better,
            )
            for metric in table.metrics_of(report.task)
        ),
    )


def slices(call: Call) -> SliceList:
    evaluated = call.evaluated
    test = evaluated.test
    scores = measure_slices(slice_source(evaluated), test.exact_matches, test.group_indices)
    return SliceList(
        run=evaluated.run.name,
        slices=tuple(
            SliceView(
                kind=score.kind.code,
                name=str(score.name),
                pictures=score.pictures,
                groups=score.groups,
                accuracy=score.accuracy,
                interval=score.interval,
                difference=score.difference,
                adjusted_p_value=score.adjusted,
                is_proven=score.is_proven,
            )
            for score in scores
        ),
    )


def advice(call: Call) -> AdviceList:
    evaluated = call.evaluated
    return AdviceList(
        run=evaluated.run.name,
        advice=tuple(
            AdviceView(
                code=one.code, advice=str(one.message), reason=str(one.reason), weight=float(one.weight)
            )
            for one in advise(evaluated)
        ),
    )


def test_set(call: Call) -> TestSetUse:
    run = call.evaluated.run
    return use_of_test_set(run, list_runs(project_of(run)))


def _leading(evaluated: EvaluatedRun) -> LeadingView:
    names = evaluated.dataset.class_names
    leading: Leading = leading_metric(project_of(evaluated.run), names)
    test = answers_in_use(evaluated)
    value = leading.value(test)
    majority = majority_value(leading, test, evaluated.report.majority_class, names)
    return LeadingView(
        kind=leading.metric.kind,
        label=str(leading.label),
        value=None if math.isnan(value) else value,
        interval=None if math.isnan(value) else leading.interval(test),
        majority=None if math.isnan(majority) else majority,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/metrics",
        summary="Read every metric on the test pictures with its interval; the one that matters first.",
        scope=Scope.READ,
        handler=list_all,
        answer=MetricList,
        serves_run=True,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/slices",
        summary="Read the accuracy by size, brightness, camera, folder and other properties.",
        scope=Scope.READ,
        handler=slices,
        answer=SliceList,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/advice",
        summary="Read the next steps that the evidence suggests.",
        scope=Scope.READ,
        handler=advice,
        answer=AdviceList,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/test-set",
        summary="Read how many runs were measured on the same test pictures, and how often people looked.",
        scope=Scope.READ,
        handler=test_set,
        answer=TestSetUse,
    ),
)
