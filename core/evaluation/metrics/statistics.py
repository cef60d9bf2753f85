"""Statistics of test predictions that every metric is a formula of, for many weightings at once.

The pictures as they are have the weight 1; a bootstrap resample is a weighting by how
often each picture was drawn. Every metric therefore is one vectorized formula, and its
interval and its value cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from core.data.labels.task import Task
from core.evaluation.metrics.predictions import TestPredictions, has_numbers
from core.evaluation.metrics.ranks import RankIndex

TOP = 3  # answers that a "top" accuracy accepts


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Weighted counts and means; the last axis of every array is the weighting."""

    task: Task
    pictures: np.ndarray  # float64 (weightings,): sum of the weights
    hits: np.ndarray  # float64 (classes, weightings): rightly given the class
    predicted: np.ndarray  # the same shape: given the class
    support: np.ndarray  # the same shape: show the class
    exact: np.ndarray  # float64 (weightings,): fraction with the whole answer right
    # Fraction with the class among the most probable answers, of equal ones the first; 1 with several labels.
    top: np.ndarray
    log_loss: np.ndarray  # nats
    brier: np.ndarray  # 0 to 1
    # Areas under the ROC curve, and average precisions: two float64 (classes, weightings), NaN where undefined.
    # Computed when a metric first asks, because they cost more than everything else.
    areas: Callable[[], tuple[np.ndarray, np.ndarray]]

    @cached_property
    def precision(self) -> np.ndarray:
        """Of the pictures given each class, the fraction that show it; 0 where none was given it."""
        return ratio(self.hits, self.predicted)

    @cached_property
    def recall(self) -> np.ndarray:
        """Of the pictures that show each class, the fraction given it; 0 where none shows it."""
        return ratio(self.hits, self.support)

    @cached_property
    def specificity(self) -> np.ndarray:
        """Of the pictures that do not show each class, the fraction not given it; 0 where all show it."""
        others = self.pictures - self.support
        return ratio(others - (self.predicted - self.hits), others)

    @cached_property
    def f1(self) -> np.ndarray:
        """Harmonic mean of precision and recall of each class."""
        return ratio(2 * self.hits, self.predicted + self.support)

    @cached_property
    def roc_auc(self) -> np.ndarray:
        """Area under the ROC curve of each class; NaN where the class, or its opposite, has no picture."""
        return self._areas[0]

    @cached_property
    def average_precision(self) -> np.ndarray:
        """Average precision of each class; NaN where it has no picture."""
        return self._areas[1]

    @cached_property
    def _areas(self) -> tuple[np.ndarray, np.ndarray]:
        return self.areas()

    def macro(self, values: np.ndarray) -> np.ndarray:
        """Mean over the classes that have pictures: (weightings,)."""
        return masked_mean(values, self.support > 0)

    def weighted(self, values: np.ndarray) -> np.ndarray:
        """Mean over the classes weighted by their pictures: (weightings,)."""
        weights: np.ndarray = ratio((values * self.support).sum(axis=0), self.support.sum(axis=0))
        return weights


class StatisticsSource:
    """Test predictions, prepared so that a weighting costs little."""

    def __init__(self, test: TestPredictions) -> None:
        self.test = test
        self._ranks = RankIndex.of(test.targets, test.probabilities)
        self._losses = _losses(test)
        # float32 holds whole numbers to 16 million, more than pictures
        self._indicators = np.concatenate(
            [test.targets & test.predicted, test.predicted, test.targets], axis=1
        ).T.astype(np.float32)

    def as_they_are(self) -> Statistics:
        """Compute the statistics with one weighting, 1 for each picture."""
        return self.under(np.ones((len(self.test.targets), 1), np.float32))

    def under(self, weights: np.ndarray) -> Statistics:
        """Compute the statistics.

        Args:
            weights: float32 (n, weightings), whole numbers: how often each picture counts.
        """
        pictures = weights.sum(axis=0, dtype=np.float64)
        hits, predicted, support = (
            (self._indicators @ weights).astype(np.float64).reshape(3, self.test.targets.shape[1], -1)
        )
        exact, top, log_loss, brier = self._losses @ weights.astype(np.float64) / pictures
        return Statistics(
            task=self.test.task,
            pictures=pictures,
            hits=hits,
            predicted=predicted,
            support=support,
            exact=exact,
            top=top,
            log_loss=log_loss,
            brier=brier,
            areas=partial(self._ranks.areas, weights),
        )


def statistics_of(test: TestPredictions) -> Statistics:
    """Statistics of the pictures as they are: one weighting, 1 for each."""
    return StatisticsSource(test).as_they_are()


def masked_mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean over the first axis where the mask is true; NaN where it is nowhere."""
    with np.errstate(invalid="ignore"):
        means: np.ndarray = np.where(mask, values, 0).sum(axis=0) / mask.sum(axis=0)
    return means


def _losses(test: TestPredictions) -> np.ndarray:
    """Exact match, match within the top answers, log loss and Brier score of each picture: float64 (4, n)."""
    targets, probabilities = test.targets, test.probabilities.astype(np.float64)
    smallest = float(np.finfo(np.float32).eps)
    clipped = np.clip(probabilities, smallest, 1 - smallest)
    squares = ((probabilities - targets) ** 2).sum(axis=1)
    if test.task is Task.MULTI_LABEL:
        top: np.ndarray = has_numbers(probabilities)
        log_loss = -np.log(np.where(targets, clipped, 1 - clipped)).mean(axis=1)
        brier = squares / targets.shape[1]
    else:
        of_truth = (probabilities * targets).sum(axis=1, keepdims=True)
        top = (_ranks(probabilities, targets, of_truth) < TOP) & has_numbers(probabilities)
        log_loss = -np.log((clipped * targets).sum(axis=1))
        brier = squares / 2
    return np.stack([test.exact_matches, top, log_loss, brier]).astype(np.float64)


def _ranks(probabilities: np.ndarray, targets: np.ndarray, of_truth: np.ndarray) -> np.ndarray:
    """Count the classes that are answered before the true one: int64 (n,).

    Of equally probable classes the first is answered first, as by ``argmax``. Sure or rounded
    probabilities are 0 for many classes, and a true class among them was not answered.
    """
    is_before = np.arange(targets.shape[1]) < targets.argmax(axis=1)[:, None]
    before = (probabilities > of_truth) | ((probabilities == of_truth) & is_before)
    ranks: np.ndarray = before.sum(axis=1)
    return ranks


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; 0 where there is nothing to divide by."""
    result: np.ndarray = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return result
