"""Comparison of runs: side by side, tested on the same pictures, before and after a repetition, and joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from core.data.history import VersionChanges
from core.errors import ConfigError
from core.evaluation.comparison.comparing import ClassifierComparison, compare_with_reference
from core.evaluation.comparison.disagreements import Change, disagreements
from core.evaluation.comparison.pairing import TestedPictures, pair
from core.evaluation.ensemble import EnsembleGain, ensemble_gain
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import leading_metric
from core.evaluation.report import has_report
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.names import run_named
from core.http.note import Note
from core.http.v1.runs import NewEnsemble, members_of
from core.http.v1.views import RunView, run_view
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.records import Record
from core.runs.compare import RunComparison, compare_runs
from core.runs.repeating import changes_since, predecessor_of, successor_of, train_again

_MOST_RUNS = 8


@dataclass(frozen=True, kw_only=True)
class RunsToCompare(Record):
    """Runs to compare; the others are tested against the first."""

    runs: Annotated[tuple[str, ...], Note(text="At least two.", most=_MOST_RUNS)]


@dataclass(frozen=True, kw_only=True)
class PairView(Record):
    """A run against the first one, on the test pictures that both have in common."""

    run: str
    comparison: Annotated[
        ClassifierComparison, Note(text="Differences are this run's minus the first one's.")
    ]
    verdict: Annotated[str, Note(text="McNemar's test in words.")]
    remarks: Annotated[tuple[str, ...], Note(text="Pictures that were left out or relabelled.")]


@dataclass(frozen=True, kw_only=True)
class ComparisonView(Record):
    """Runs side by side."""

    comparison: RunComparison
    tests: Annotated[tuple[PairView, ...], Note(text="Of every tested run against the first.")]


@dataclass(frozen=True, kw_only=True)
class PairQuestion(Record):
    """Another run to compare with."""

    other: str


@dataclass(frozen=True, kw_only=True)
class DisagreementView(Record):
    """A picture with different answers."""

    id: str
    change: Change
    label: str
    first: Annotated[str, Note(text="Answer of the run.")]
    second: Annotated[str, Note(text="Answer of the other run.")]
    first_confidence: float
    second_confidence: float


@dataclass(frozen=True, kw_only=True)
class DisagreementList(Record):
    """Pictures with different answers, the surest answers of the other run first."""

    pictures: tuple[DisagreementView, ...]


@dataclass(frozen=True, kw_only=True)
class HistoryView(Record):
    """Changes of the dataset since a run, and the runs that it repeats or that repeat it."""

    run: str
    changes: VersionChanges
    predecessor: str | None
    successor: str | None


def pair_view(run: Path, comparison: ClassifierComparison) -> PairView:
    return PairView(
        run=run.name,
        comparison=comparison,
        verdict=str(comparison.test.sentence),
        remarks=tuple(str(remark) for remark in comparison.matching.remarks),
    )


def compare(call: Call) -> ComparisonView:
    """Compare runs.

    Raises:
        ConfigError: fewer than two runs.
        EvaluationError: two of them have no test picture in common.
    """
    body = call.body_as(RunsToCompare)
    if len(set(body.runs)) < max(2, len(body.runs)):
        raise ConfigError(N_("A comparison needs at least two runs, each named once."))
    runs = [run_named(name)[1] for name in body.runs]
    return ComparisonView(comparison=compare_runs([JobDirectory(run) for run in runs]), tests=_tests(runs))


def differing(call: Call) -> DisagreementList:
    question = call.query_as(PairQuestion)
    other = EvaluatedRun.open(run_named(question.other)[1])
    pairing = pair(TestedPictures.of(call.evaluated), TestedPictures.of(other))
    rows = disagreements(pairing).to_dict("records")
    return DisagreementList(
        pictures=tuple(
            DisagreementView.from_json({str(name): value for name, value in row.items()}) for row in rows
        )
    )


def history(call: Call) -> HistoryView:
    evaluated = call.evaluated
    before, after = predecessor_of(evaluated.run), successor_of(evaluated.run)
    return HistoryView(
        run=evaluated.run.name,
        changes=changes_since(evaluated),
        predecessor=before.name if before else None,
        successor=after.name if after else None,
    )


def repeat(call: Call) -> RunView:
    return run_view(train_again(call.run))


def gain(call: Call) -> EnsembleGain:
    """Measure an ensemble without making it.

    Raises:
        EvaluationError: the runs cannot be averaged.
    """
    body = call.body_as(NewEnsemble)
    members = [EvaluatedRun.open(run) for run in members_of(call.project, body)]
    names = members[0].dataset.class_names if members else ()
    return ensemble_gain(members, leading_metric(call.project, names), body.weights)


def _tests(runs: Sequence[Path]) -> tuple[PairView, ...]:
    first, *others = runs
    tested = [run for run in others if has_report(run)]
    if not has_report(first) or not tested:
        return ()
    opened = [EvaluatedRun.open(run) for run in tested]
    compared = compare_with_reference(EvaluatedRun.open(first), opened)
    return tuple(pair_view(run, comparison) for run, comparison in zip(tested, compared, strict=True))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/comparisons",
        summary="Compare runs: results, settings, and a test of every difference on common pictures.",
        scope=Scope.READ,
        handler=compare,
        body=RunsToCompare,
        answer=ComparisonView,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/disagreements",
        summary="List the test pictures to which two runs give different answers.",
        scope=Scope.READ,
        handler=differing,
        query=PairQuestion,
        answer=DisagreementList,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/changes",
        summary="Read what changed in the dataset since a run.",
        scope=Scope.READ,
        handler=history,
        answer=HistoryView,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/repeat",
        summary="Start training again with the same settings on the newest pictures.",
        scope=Scope.TRAIN,
        handler=repeat,
        answer=RunView,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/ensembles/gain",
        summary="Measure what an ensemble of runs would bring, without making it.",
        scope=Scope.READ,
        handler=gain,
        body=NewEnsemble,
        answer=EnsembleGain,
    ),
)
