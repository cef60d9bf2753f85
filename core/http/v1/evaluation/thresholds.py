"""Thresholds of a run: read, choose, look at their effect, and be told sensible ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from core.delivery.thresholds import use_default_thresholds, use_thresholds
from core.errors import ConfigError, NotFoundError
from core.evaluation.curves import ClassCurve
from core.evaluation.thresholds.answers import (
    answered_by,
    default_thresholds,
    has_chosen_thresholds,
    thresholds_in_use,
    with_threshold,
)
from core.evaluation.thresholds.choosing import Choice, choose_by_cost, choose_by_precision, choose_by_recall
from core.evaluation.thresholds.measuring import ClassOutcome, class_outcome
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.messages import N_, first_of
from core.records import Record

_MOST_COST = 1e9


@dataclass(frozen=True, kw_only=True)
class ThresholdsView(Record):
    """Probability from which each class is answered; null: the most probable class is the answer."""

    run: str
    is_chosen: Annotated[bool, Note(text="false: every class has its default.")]
    in_use: Mapping[str, float | None]
    default: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class ThresholdChoice(Record):
    """Thresholds of some classes; those of others stay. null goes back to the default."""

    thresholds: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class ThresholdQuestion(Record):
    """A class, and a threshold to look at."""

    class_name: str
    threshold: Annotated[float | None, Note(text="Left out: the one in use.", minimum=0, maximum=1)] = None


@dataclass(frozen=True, kw_only=True)
class ThresholdWish(Record):
    """A class, and one wish: a precision, a recall, or what both kinds of mistakes cost."""

    class_name: str
    precision: Annotated[float | None, Note(minimum=0, maximum=1)] = None
    recall: Annotated[float | None, Note(minimum=0, maximum=1)] = None
    wrong_alarm: Annotated[float | None, Note(text="Cost, with “miss”.", minimum=0, maximum=_MOST_COST)] = (
        None
    )
    miss: Annotated[float | None, Note(text="Cost, with “wrong_alarm”.", minimum=0, maximum=_MOST_COST)] = (
        None
    )


def show(call: Call) -> ThresholdsView:
    evaluated = call.evaluated
    names = evaluated.dataset.class_names
    in_use = thresholds_in_use(evaluated.run, evaluated.report, len(names))
    return ThresholdsView(
        run=evaluated.run.name,
        is_chosen=has_chosen_thresholds(evaluated.run),
        in_use=dict(zip(names, in_use, strict=True)),
        default=dict(zip(names, default_thresholds(evaluated.report, len(names)), strict=True)),
    )


def choose(call: Call) -> ThresholdsView:
    """Use thresholds.

    Raises:
        NotFoundError: the run knows no such class.
        ConfigError: a threshold is no probability.
    """
    evaluated, wanted = call.evaluated, call.body_as(ThresholdChoice).thresholds
    names, task = evaluated.dataset.class_names, evaluated.dataset.task
    default = default_thresholds(evaluated.report, len(names))
    chosen = thresholds_in_use(evaluated.run, evaluated.report, len(names))
    for name, threshold in wanted.items():
        index = _index_of(names, name)
        if threshold is not None and not 0 <= threshold <= 1:
            raise ConfigError(
                N_("The threshold “{number}” of {name} is no probability. It must lie between 0 and 1."),
                number=threshold,
                name=name,
            )
        chosen = with_threshold(task, chosen, index, default[index] if threshold is None else threshold)
    use_thresholds(evaluated, chosen)
    return show(call)


def reset(call: Call) -> ThresholdsView:
    use_default_thresholds(call.evaluated)
    return show(call)


def outcome(call: Call) -> ClassOutcome:
    evaluated, question = call.evaluated, call.query_as(ThresholdQuestion)
    names = evaluated.dataset.class_names
    index = _index_of(names, question.class_name)
    chosen = thresholds_in_use(evaluated.run, evaluated.report, len(names))
    if question.threshold is not None:
        chosen = with_threshold(evaluated.dataset.task, chosen, index, question.threshold)
    return class_outcome(answered_by(evaluated.test, chosen), index)


def suggestion(call: Call) -> Choice:
    """Choose a threshold on the validation pictures, without using it.

    Raises:
        ConfigError: not exactly one wish.
        NotFoundError: the run knows no such class.
    """
    evaluated, wish = call.evaluated, call.query_as(ThresholdWish)
    index, validation = _index_of(evaluated.dataset.class_names, wish.class_name), evaluated.validation
    curve = ClassCurve.of(validation.targets[:, index], validation.probabilities[:, index])
    match (wish.precision, wish.recall, wish.wrong_alarm, wish.miss):
        case (float() | int() as precision, None, None, None):
            return choose_by_precision(curve, precision)
        case (None, float() | int() as recall, None, None):
            return choose_by_recall(curve, recall)
        case (None, None, float() | int() as wrong_alarm, float() | int() as miss) if wrong_alarm + miss > 0:
            return choose_by_cost(curve, wrong_alarm, miss)
    raise ConfigError(
        N_("Name one wish: “precision”, “recall”, or “wrong_alarm” with “miss”, above 0 together.")
    )


def _index_of(names: Sequence[str], name: str) -> int:
    if name not in names:
        raise NotFoundError(
            N_("The classifier knows no class called “{name}”. It knows: {known}."),
            name=name[:80],
            known=first_of(list(names)),
        )
    return names.index(name)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/thresholds",
        summary="Read the thresholds by which a run answers.",
        scope=Scope.READ,
        handler=show,
        answer=ThresholdsView,
        serves_run=True,
    ),
    Endpoint(
        method="PATCH",
        path="/v1/runs/{run}/thresholds",
        summary="Choose thresholds, for predictions and exports.",
        scope=Scope.TRAIN,
        handler=choose,
        body=ThresholdChoice,
        answer=ThresholdsView,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/runs/{run}/thresholds",
        summary="Go back to the default of every class.",
        scope=Scope.TRAIN,
        handler=reset,
        answer=ThresholdsView,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/thresholds/outcome",
        summary="Count right and wrong answers for a class on the test pictures, by a threshold.",
        scope=Scope.READ,
        handler=outcome,
        query=ThresholdQuestion,
        answer=ClassOutcome,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/thresholds/suggestion",
        summary="Be told a threshold for a precision, a recall, or the costs of mistakes.",
        scope=Scope.READ,
        handler=suggestion,
        query=ThresholdWish,
        answer=Choice,
    ),
)
