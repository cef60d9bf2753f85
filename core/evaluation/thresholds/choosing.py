"""Choice of a class's threshold on validation pictures, by costs, wanted precision or wanted recall.

A threshold lies midway between two probabilities that occur. What it does on new pictures is
measured on the test pictures: on those that it was chosen on, it looks better than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.evaluation.curves import ClassCurve
from core.records import Record

# Validation pictures that show a class, and that do not: with fewer, its best threshold is chance.
LEAST_SHOWN = 5
_SAME = 1e-12


class Reason(StrEnum):
    """Grounds of a choice."""

    MEASURED = "measured"  # on the validation pictures
    COSTS_ALONE = "costs_alone"  # too few pictures: the threshold of honest probabilities
    TOO_FEW = "too_few"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, kw_only=True)
class Choice(Record):
    """A chosen threshold, or the reason why there is none."""

    reason: Reason
    threshold: float | None = None
    precision: float | None = None  # on the validation pictures; without a threshold, the highest there is
    recall: float | None = None


def has_enough(curve: ClassCurve) -> bool:
    """True if so many validation pictures show the class, and so many do not, that a choice is no chance."""
    return min(curve.positives, curve.negatives) >= LEAST_SHOWN


def cost_threshold(wrong_alarm: float, miss: float) -> float:
    """Threshold of least expected cost for honest probabilities (Elkan 2001)."""
    return wrong_alarm / (wrong_alarm + miss)


def choose_by_cost(curve: ClassCurve, wrong_alarm: float, miss: float) -> Choice:
    """Choose the threshold of least cost; of equally cheap ones the nearest to Elkan's.

    Args:
        wrong_alarm: cost of answering the class for a picture that does not show it.
        miss: cost of not answering it for a picture that does; together they are above 0.
    """
    ideal = cost_threshold(wrong_alarm, miss)
    if not has_enough(curve):
        return Choice(reason=Reason.COSTS_ALONE, threshold=ideal)
    costs = wrong_alarm * curve.added.astype(np.float64) + miss * (curve.positives - curve.hits)
    if curve.thresholds[1] >= 1:  # no threshold answers no picture at all
        costs[0] = np.inf
    cheapest = np.flatnonzero(costs <= costs.min() + _SAME)
    nearest = np.abs(midway_thresholds(curve)[cheapest] - ideal).argmin()
    return _choice(curve, int(cheapest[nearest]))


def choose_by_precision(curve: ClassCurve, wanted: float) -> Choice:
    """Choose the threshold of the highest recall that reaches the wanted precision, 0 to 1."""
    if not has_enough(curve):
        return Choice(reason=Reason.TOO_FEW)
    reaches = np.flatnonzero((curve.precision >= wanted - _SAME) & (curve.hits > 0))
    if not len(reaches):
        highest = curve.precision[curve.hits > 0].max()
        return Choice(reason=Reason.UNREACHABLE, precision=float(highest))
    # Of equal recall, the first has the fewest wrong alarms.
    best = reaches[curve.hits[reaches].argmax()]
    return _choice(curve, int(best))


def choose_by_recall(curve: ClassCurve, wanted: float) -> Choice:
    """Choose the highest threshold that reaches the wanted recall, 0 to 1."""
    if not has_enough(curve):
        return Choice(reason=Reason.TOO_FEW)
    return _choice(curve, int((curve.recall >= wanted - _SAME).argmax()))


def midway_thresholds(curve: ClassCurve) -> np.ndarray:
    """Thresholds that separate the points of a curve, midway between two probabilities: float64 (points,)."""
    ends = np.clip(np.append(curve.thresholds, 0.0), 0.0, 1.0)
    midway: np.ndarray = (ends[:-1] + ends[1:]) / 2
    return midway


def _choice(curve: ClassCurve, point: int) -> Choice:
    return Choice(
        reason=Reason.MEASURED,
        threshold=float(midway_thresholds(curve)[point]),
        precision=float(curve.precision[point]),
        recall=float(curve.recall[point]),
    )
