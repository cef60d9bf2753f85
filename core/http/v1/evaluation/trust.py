"""Trust in a run's answers: limits, strangers, prediction sets, calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from core.data.labels.layout import Split
from core.delivery.limits import use_limits
from core.errors import NotFoundError
from core.evaluation.answers_in_use import answers_in_use
from core.evaluation.calibration.calibrating import Calibration, coverage_by_class, prediction_sets
from core.evaluation.calibration.conformal import PROMISES, USUAL_PROMISE, PredictionSets, require_promise
from core.evaluation.calibration.selective import SelectiveAnswers, measure_selective
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.intervals import Interval, fraction_interval
from core.evaluation.strangers.chosen import AnswerLimits, known_scores, limit_of, limits_in_use
from core.evaluation.strangers.measuring import StrangerReport
from core.evaluation.strangers.results import read_stranger_scores, read_strangers
from core.evaluation.thresholds.measuring import Fraction
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.messages import N_
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class LimitsView(Record):
    """Limits by which a run leaves pictures unanswered, and their effect on the test pictures."""

    run: str
    stranger_limit: Annotated[float | None, Note(text="Score above which a picture is turned away.")]
    known_turned_away: Annotated[Fraction | None, Note(text="Of the test pictures.")]
    strangers_turned_away: Annotated[Fraction | None, Note(text="Of the strangers.")]
    least_confidence: float | None
    answered: Annotated[
        SelectiveAnswers, Note(text="With at least this confidence, by the thresholds in use.")
    ]


@dataclass(frozen=True, kw_only=True)
class LimitsChoice(Record):
    """Limits to use, or to look at; what is left out stays as it is."""

    stranger_share: Annotated[
        float | None,
        Note(text="Share of known pictures that may be turned away; 0: none is.", minimum=0, maximum=0.5),
    ] = None
    least_confidence: Annotated[
        float | None, Note(text="0: every picture is answered.", minimum=0, maximum=1)
    ] = None


@dataclass(frozen=True, kw_only=True)
class SetsQuestion(Record):
    """Promise of prediction sets."""

    promise: Annotated[
        float,
        Note(
            text="Share of pictures whose set holds the true class.",
            schema={"type": "number", "enum": list(PROMISES)},
        ),
    ] = USUAL_PROMISE
    by_class: Annotated[bool, Note(text="Keep the promise for each class.")] = False

    def __post_init__(self) -> None:
        require_promise(self.promise)


@dataclass(frozen=True, kw_only=True)
class ClassCoverageView(Record):
    """Share of a class's test pictures whose set holds the class."""

    class_name: str
    pictures: int
    coverage: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class SetsView(Record):
    """Prediction sets chosen on validation pictures, measured on test pictures."""

    run: str
    sets: PredictionSets
    classes: Annotated[tuple[ClassCoverageView, ...], Note(text="The lowest coverage first.")]


def limits(call: Call) -> LimitsView:
    evaluated = call.evaluated
    return _measured(evaluated, _chosen(evaluated, call.query_as(LimitsChoice)))


def choose_limits(call: Call) -> LimitsView:
    evaluated = call.evaluated
    chosen = _chosen(evaluated, call.body_as(LimitsChoice))
    use_limits(evaluated.run, chosen)
    return _measured(evaluated, chosen)


def strangers(call: Call) -> StrangerReport:
    return _stranger_report(call.evaluated)


def sets(call: Call) -> SetsView:
    evaluated, question = call.evaluated, call.query_as(SetsQuestion)
    found = prediction_sets(
        evaluated.validation, evaluated.test, question.promise, by_class=question.by_class
    )
    names = evaluated.dataset.class_names
    return SetsView(
        run=evaluated.run.name,
        sets=found,
        classes=tuple(
            ClassCoverageView(
                class_name=names[row.index],
                pictures=row.pictures,
                coverage=row.coverage,
                interval=row.interval,
            )
            for row in coverage_by_class(evaluated.test, found)
        ),
    )


def calibration(call: Call) -> Calibration:
    """Read the reliability of the probabilities.

    Raises:
        NotFoundError: an earlier version evaluated the run, without it.
    """
    evaluated = call.evaluated
    if evaluated.report.calibration is None:
        raise NotFoundError(
            N_("“{name}” was evaluated without calibration. Test it again."), name=evaluated.run.name
        )
    return evaluated.report.calibration


def _chosen(evaluated: EvaluatedRun, wanted: LimitsChoice) -> AnswerLimits:
    """Change the limits in use as wanted.

    Raises:
        NotFoundError: a stranger's limit is wanted, and the run has no stranger score.
    """
    chosen = limits_in_use(evaluated.run, evaluated.dataset)
    if wanted.stranger_share is not None:
        _stranger_report(evaluated)
        validation = known_scores(evaluated.run, evaluated.dataset, Split.VALIDATION)
        share = wanted.stranger_share
        chosen = replace(chosen, stranger_limit=limit_of(validation, share) if share else None)
    if wanted.least_confidence is not None:
        chosen = replace(chosen, least_confidence=wanted.least_confidence or None)
    return chosen


def _measured(evaluated: EvaluatedRun, chosen: AnswerLimits) -> LimitsView:
    known, strange = _turned_away(evaluated, chosen.stranger_limit)
    return LimitsView(
        run=evaluated.run.name,
        stranger_limit=chosen.stranger_limit,
        known_turned_away=known,
        strangers_turned_away=strange,
        least_confidence=chosen.least_confidence,
        answered=measure_selective(answers_in_use(evaluated), chosen.least_confidence or 0.0),
    )


def _stranger_report(evaluated: EvaluatedRun) -> StrangerReport:
    report = read_strangers(evaluated.run)
    if report is None:
        raise NotFoundError(
            N_("“{name}” has no stranger score. Test it again, and it gets one."), name=evaluated.run.name
        )
    return report


def _turned_away(evaluated: EvaluatedRun, limit: float | None) -> tuple[Fraction | None, Fraction | None]:
    """Measure the test pictures and the strangers that a limit turns away; None without a limit or pictures."""
    if limit is None or read_strangers(evaluated.run) is None:
        return None, None
    test = known_scores(evaluated.run, evaluated.dataset, Split.TEST)
    strange = read_stranger_scores(evaluated.run)
    return (
        _fraction(test.scores > limit, test.groups),
        _fraction(strange["score"].to_numpy() > limit, strange["group"].to_numpy()),
    )


def _fraction(chosen: np.ndarray, groups: np.ndarray) -> Fraction | None:
    if not len(chosen):
        return None
    return Fraction(value=float(chosen.mean()), interval=fraction_interval(chosen, groups))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/limits",
        summary="Read the effect of limits by which a run leaves pictures unanswered: of those in use, or of others.",
        scope=Scope.READ,
        handler=limits,
        query=LimitsChoice,
        answer=LimitsView,
    ),
    Endpoint(
        method="PATCH",
        path="/v1/runs/{run}/limits",
        summary="Choose the limits of strangers and unsure answers, for predictions and exports.",
        scope=Scope.TRAIN,
        handler=choose_limits,
        body=LimitsChoice,
        answer=LimitsView,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/strangers",
        summary="Read how well pictures of none of the classes are recognised.",
        scope=Scope.READ,
        handler=strangers,
        answer=StrangerReport,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/sets",
        summary="Read the coverage and size of prediction sets, class by class.",
        scope=Scope.READ,
        handler=sets,
        query=SetsQuestion,
        answer=SetsView,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/calibration",
        summary="Read how far the probabilities can be believed.",
        scope=Scope.READ,
        handler=calibration,
        answer=Calibration,
        serves_run=True,
    ),
)
