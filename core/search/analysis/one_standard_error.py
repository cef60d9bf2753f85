"""Which trial to take where two things count: the smallest, or fastest, of those that are as good as the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.messages import N_, Message
from core.search.config import Goal, Tradeoff
from core.search.records import TrialRecord, pareto_front


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The sensible trial, and why it is."""

    trial: TrialRecord
    reason: Message


def sensible_choice(
    trials: Sequence[TrialRecord], goal: Goal, tradeoff: Tradeoff, standard_error: float
) -> Choice | None:
    """The least costly trial whose score lies within the best one's standard error.

    The rule of one standard error (Breiman et al. 1984, Classification and Regression Trees).

    Args:
        trials: in any state; complete ones with a second value count.
        goal: by which the best is told.
        tradeoff: what the second value is: bytes, or milliseconds for one picture.
        standard_error: of the best one's score, in the goal's own unit.

    Returns:
        None where no complete trial has both values.
    """
    front = pareto_front(trials, goal)
    if not front:
        return None
    values = np.array([trial.value for trial in front], float)
    costs = np.array([trial.second for trial in front], float)
    merits = -values if goal.is_better_low else values
    choice = front[int(least_costly(merits[None], costs, standard_error)[0])]
    return Choice(trial=choice, reason=_reason(choice, front, goal, tradeoff))


def least_costly(merits: np.ndarray, costs: np.ndarray, margin: float) -> np.ndarray:
    """Of each row the place of the least costly one within a margin of the best; of equals the better, the first.

    Args:
        merits: float (b, k), more is better.
        costs: float (k,), less is better.
        margin: by how much merit may lie below the best of its row.

    Returns:
        int (b,).
    """
    is_near = merits >= merits.max(axis=1, keepdims=True) - margin
    cost = np.where(is_near, costs, np.inf)
    is_least = is_near & (cost == cost.min(axis=1, keepdims=True))
    places: np.ndarray = np.where(is_least, merits, -np.inf).argmax(axis=1)
    return places


def _reason(choice: TrialRecord, front: Sequence[TrialRecord], goal: Goal, tradeoff: Tradeoff) -> Message:
    best = front[-1]
    values: dict[str, Any] = {"number": choice.number, "score": _score(choice, goal)}
    if len(front) == 1:
        return Message(_BEST_IN_BOTH[tradeoff], values)
    if choice is best:
        return Message(_BEST[tradeoff], values)
    values |= {"best": best.number, "best_score": _score(best, goal)}
    return Message(_AS_GOOD[tradeoff], values | {"times": _times(choice, best)})


def _score(trial: TrialRecord, goal: Goal) -> Message:
    assert trial.value is not None  # of a front
    if goal is Goal.LOSS:
        return Message(_SCORE[goal], {"value": round(trial.value, 3)})
    return Message(_SCORE[goal], {"value": round(100 * trial.value, 1)})


def _times(choice: TrialRecord, best: TrialRecord) -> float:
    """How many times as much the best one costs; to two digits where it is close."""
    assert choice.second is not None  # of a front
    assert best.second is not None
    times = best.second / max(choice.second, 1e-9)
    return round(times, 2 if times < 1.1 else 1)


_SCORE = {
    Goal.ACCURACY: N_("{value}% of the validation pictures right"),
    Goal.MACRO_F1: N_("a macro F1 of {value}% on validation"),
    Goal.LOSS: N_("a validation loss of {value}"),
}
_SMALL_BEST_IN_BOTH = N_("Trial {number} has the best score ({score}), and none is smaller.")
_FAST_BEST_IN_BOTH = N_("Trial {number} has the best score ({score}), and none is faster.")
_SMALL_BEST = N_(
    "Trial {number} has the best score ({score}), and none that is smaller comes near enough for the difference to be chance."
)
_FAST_BEST = N_(
    "Trial {number} has the best score ({score}), and none that is faster comes near enough for the difference to be chance."
)
_SMALL_AS_GOOD = N_(
    "Trial {best} has the best score ({best_score}), but takes {times} times the space of trial {number} ({score}): a difference that may be chance."
)
_FAST_AS_GOOD = N_(
    "Trial {best} has the best score ({best_score}), but takes {times} times the time of trial {number} ({score}): a difference that may be chance."
)
_BEST_IN_BOTH = {Tradeoff.SIZE: _SMALL_BEST_IN_BOTH, Tradeoff.LATENCY: _FAST_BEST_IN_BOTH}
_BEST = {Tradeoff.SIZE: _SMALL_BEST, Tradeoff.LATENCY: _FAST_BEST}
_AS_GOOD = {Tradeoff.SIZE: _SMALL_AS_GOOD, Tradeoff.LATENCY: _FAST_AS_GOOD}
