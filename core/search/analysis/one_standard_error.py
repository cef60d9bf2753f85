"""One-standard-error rule: the smallest or fastest trial that is as good as the best one.

Breiman et al. 1984, Classification and Regression Trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.formatting import rounded_percent
from core.messages import N_, Message
from core.search.config import Goal, Tradeoff
from core.search.records import TrialRecord, pareto_front


@dataclass(frozen=True, kw_only=True)
class SelectedTrial:
    """The selected trial, with the reason for people."""

    trial: TrialRecord
    reason: Message


def select_by_one_standard_error(
    trials: Sequence[TrialRecord], goal: Goal, tradeoff: Tradeoff, standard_error: float
) -> SelectedTrial | None:
    """Select the cheapest trial whose score is within one standard error of the best.

    Args:
        trials: in any state; complete ones with a second value count.
        goal: ranks the trials.
        tradeoff: meaning of the second value: bytes, or milliseconds for one picture.
        standard_error: of the best trial's score, in the goal's own unit.

    Returns:
        None if no complete trial has both values.
    """
    front = pareto_front(trials, goal)
    if not front:
        return None
    values = np.array([trial.value for trial in front], float)
    costs = np.array([trial.second for trial in front], float)
    merits = -values if goal.is_better_low else values
    selected = front[int(least_costly(merits[None], costs, standard_error)[0])]
    return SelectedTrial(trial=selected, reason=_reason(selected, front, goal, tradeoff))


def least_costly(merits: np.ndarray, costs: np.ndarray, margin: float) -> np.ndarray:
    """Index of the cheapest trial within a margin of the best, for each row.

    Ties go to the higher merit, then to the first.

    Args:
        merits: float (b, k), higher is better.
        costs: float (k,), lower is better.
        margin: largest difference to the best merit of the row.

    Returns:
        int (b,).
    """
    is_near = merits >= merits.max(axis=1, keepdims=True) - margin
    cost = np.where(is_near, costs, np.inf)
    is_least = is_near & (cost == cost.min(axis=1, keepdims=True))
    indices: np.ndarray = np.where(is_least, merits, -np.inf).argmax(axis=1)
    return indices


def _reason(selected: TrialRecord, front: Sequence[TrialRecord], goal: Goal, tradeoff: Tradeoff) -> Message:
    best = front[-1]
    values: dict[str, object] = {"number": selected.number, "score": _score(selected, goal)}
    if len(front) == 1:
        return Message(_BEST_IN_BOTH[tradeoff], values)
    if selected is best:
        return Message(_BEST[tradeoff], values)
    values |= {"best": best.number, "best_score": _score(best, goal)}
    return Message(_AS_GOOD[tradeoff], values | {"times": _times(selected, best)})


def _score(trial: TrialRecord, goal: Goal) -> Message:
    assert trial.value is not None  # of a front
    if goal is Goal.LOSS:
        return Message(_SCORE[goal], {"value": round(trial.value, 3)})
    return Message(_SCORE[goal], {"value": rounded_percent(trial.value, 1)})


def _times(selected: TrialRecord, best: TrialRecord) -> float:
    """Cost of the best trial in multiples of the selected one's; rounded to 2 digits below 1.1."""
    assert selected.second is not None  # of a front
    assert best.second is not None
    times = best.second / max(selected.second, 1e-9)
    return round(times, 2 if times < 1.1 else 1)


_SCORE = {
    Goal.ACCURACY: N_("{value}% of the validation pictures correct"),
    Goal.MACRO_F1: N_("a macro F1 of {value}% on validation"),
    Goal.LOSS: N_("a validation loss of {value}"),
    Goal.LEADING: N_("{value}% of the metric that matters on validation"),
}
_SMALL_BEST_IN_BOTH = N_("Trial {number} has the best score ({score}), and none is smaller.")
_FAST_BEST_IN_BOTH = N_("Trial {number} has the best score ({score}), and none is faster.")
_SMALL_BEST = N_(
    "Trial {number} has the best score ({score}), and every smaller one is worse by more than chance explains."
)
_FAST_BEST = N_(
    "Trial {number} has the best score ({score}), and every faster one is worse by more than chance explains."
)
_SMALL_AS_GOOD = N_(
    "Trial {best} has the best score ({best_score}), but takes {times} times the space of trial {number} ({score}). The difference in score may be chance."
)
_FAST_AS_GOOD = N_(
    "Trial {best} has the best score ({best_score}), but takes {times} times as long as trial {number} ({score}). The difference in score may be chance."
)
_BEST_IN_BOTH = {Tradeoff.SIZE: _SMALL_BEST_IN_BOTH, Tradeoff.LATENCY: _FAST_BEST_IN_BOTH}
_BEST = {Tradeoff.SIZE: _SMALL_BEST, Tradeoff.LATENCY: _FAST_BEST}
_AS_GOOD = {Tradeoff.SIZE: _SMALL_AS_GOOD, Tradeoff.LATENCY: _FAST_AS_GOOD}
