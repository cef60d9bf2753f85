"""Rung of a climb that is delivered: the last one that validation proves better than the one before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.search.analysis.selection_bias import FEWEST_BAGS, bags, group_numbers
from core.search.config import Goal
from core.search.trials.predictions import Predictions, PredictionTable
from core.training.leading_metric import LeadingMetric

# Standard errors of a difference above which it is proven: one-sided 95%.
_STANDARD_ERRORS = 1.645


def last_proven(
    predictions: Sequence[Predictions],
    targets: np.ndarray,
    goal: Goal,
    *,
    groups: np.ndarray | None = None,
    leading: LeadingMetric | None = None,
) -> int:
    """Index of the rung that a climb ends on.

    A rung takes the place of the one before if it is better by the goal, or as good and better by
    the loss, which tells apart classifiers of equal accuracy with far fewer pictures.

    Args:
        predictions: of all complete rungs, in the order in which they were tried.
        targets: float (n, C) of 0 and 1, the pictures in the order of the predictions.
        groups: int (n,); near-duplicate pictures share a group and are drawn together.
        leading: the metric that matters, where it is the goal.
    """
    numbers, standing = group_numbers(groups, len(targets)), 0
    for rung in range(1, len(predictions)):
        pair = PredictionTable.of([predictions[standing], predictions[rung]], targets, leading)
        gain, is_proven = _difference(pair, goal, numbers)
        if is_proven or (gain >= 0 and _difference(pair, Goal.LOSS, numbers)[1]):
            standing = rung
    return standing


def _difference(pair: PredictionTable, goal: Goal, numbers: np.ndarray) -> tuple[float, bool]:
    """Improvement of the second trial over the first, in the goal's own unit, and whether it is proven."""
    sign = -1.0 if goal.is_better_low else 1.0
    on_all = pair.scores(goal, np.ones((1, pair.pictures), np.float32))[0]
    gain = float(sign * (on_all[1] - on_all[0]))
    drawn = np.concatenate([pair.scores(goal, weights) for weights in bags(numbers, FEWEST_BAGS, 0)])
    spread = float(np.nanstd(drawn[:, 1] - drawn[:, 0])) if len(drawn) else np.inf
    return gain, gain > _STANDARD_ERRORS * spread
