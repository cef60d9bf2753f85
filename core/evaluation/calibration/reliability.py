"""Reliability diagram: confidence of the decisions against their accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task
from core.evaluation.metrics.bootstrap import RESAMPLES, weights_of_groups
from core.evaluation.metrics.intervals import Interval, fraction_interval, pivotal_interval
from core.evaluation.metrics.predictions import TestPredictions, has_numbers
from core.records import Record

BINS = 15


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin(Record):
    """Decisions whose confidence lies in one range."""

    confidence: float  # mean, 0 to 1
    accuracy: float  # fraction that is right
    interval: tuple[float, float]  # 95%, of the accuracy
    count: int


@dataclass(frozen=True, kw_only=True)
class Reliability(Record):
    """Reliability diagram and its summary in one number."""

    # expected calibration error (Naeini et al. 2015), 0 to 1, over 15 ranges of equal width
    ece: float
    ece_interval: tuple[float, float]
    bins: tuple[ReliabilityBin, ...]  # only those with decisions


def reliability(test: TestPredictions, *, resamples: int = RESAMPLES, seed: int = 0) -> Reliability:
    """Compare confidence and accuracy.

    A decision is the answer to a picture; with several labels, it is the more probable of yes
    and no for each class of each picture, whatever the class's threshold. A picture without an
    answer has none.
    """
    confidence, is_right, groups = _decisions(test)
    if not len(confidence):
        return Reliability(ece=0.0, ece_interval=(0.0, 1.0), bins=())
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    occupied = np.unique(bins)
    return Reliability(
        ece=_ece(confidence, is_right, bins),
        ece_interval=_ece_interval(confidence, is_right, bins, groups, resamples=resamples, seed=seed),
        bins=tuple(
            ReliabilityBin(
                confidence=float(confidence[chosen].mean()),
                accuracy=float(is_right[chosen].mean()),
                interval=fraction_interval(is_right[chosen], groups[chosen]),
                count=int(chosen.sum()),
            )
            for chosen in (bins == index for index in occupied)
        ),
    )


def _decisions(test: TestPredictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    is_answered = has_numbers(test.probabilities)
    probabilities = test.probabilities[is_answered].astype(np.float64)
    groups = np.unique(test.group_indices[is_answered], return_inverse=True)[1]
    if test.task is Task.MULTI_CLASS:
        return probabilities.max(axis=1), test.exact_matches[is_answered], groups
    confidence = np.where(probabilities >= 0.5, probabilities, 1 - probabilities)
    is_right = (probabilities >= 0.5) == test.targets[is_answered]
    return confidence.ravel(), is_right.ravel(), groups.repeat(test.targets.shape[1])


def _ece(confidence: np.ndarray, is_right: np.ndarray, bins: np.ndarray) -> float:
    gaps = np.bincount(bins, weights=is_right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(bins))


def _ece_interval(
    confidence: np.ndarray,
    is_right: np.ndarray,
    bins: np.ndarray,
    groups: np.ndarray,
    *,
    resamples: int,
    seed: int,
) -> Interval:
    count = int(groups.max()) + 1
    gaps = np.zeros((BINS, count))
    np.add.at(gaps, (bins, groups), is_right - confidence)
    sizes = np.bincount(groups, minlength=count).astype(np.float64)
    values = np.concatenate(
        [
            np.abs(gaps @ times.T).sum(axis=0) / (times @ sizes)
            for times in weights_of_groups(count, resamples=resamples, seed=seed)
        ]
    )
    return pivotal_interval(_ece(confidence, is_right, bins), values, count)
