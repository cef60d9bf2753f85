"""Sets of answers that hold the true class as often as promised (split conformal prediction).

A class belongs to the set if its probability is not unusually low for a true class, as
measured on the validation pictures (Vovk et al. 2005; the least ambiguous sets of Sadinle
et al. 2019). The promise holds for new pictures like those; a set may be empty where
even the most probable class is unusually improbable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError
from core.messages import N_
from core.records import Record

PROMISES = (0.8, 0.9, 0.95)
USUAL_PROMISE = 0.9
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class PredictionSets(Record):
    """Prediction sets of one promised coverage, and what they did on the test pictures."""

    promise: float  # fraction of pictures whose set holds the true class
    # probability from which each class belongs to the set; 0: always
    least_probabilities: tuple[float, ...]
    coverage: float  # measured on the test pictures
    coverage_interval: tuple[float, float]
    mean_size: float
    single: float  # fraction of sets with exactly one class
    empty: float  # fraction of sets with none


def require_promise(promise: float) -> None:
    """Raise ConfigError unless there are prediction sets of this promise."""
    if promise not in PROMISES:
        raise ConfigError(
            N_("There are no prediction sets for {promise}. Choose from: {known}."),
            promise=promise,
            known=", ".join(map(str, PROMISES)),
        )


def least_probability(of_truth: np.ndarray, promise: float, groups: np.ndarray | None = None) -> float:
    """Probability that a true class reaches with the promised frequency.

    Args:
        of_truth: float (n,), probability of the true class of each validation picture.
        promise: 0 to 1.
        groups: (n,), equal for pictures that belong together; a group counts as one picture.
    Returns:
        The quantile with the correction for a finite sample; 0 if the sample is too small for the promise.
    """
    if not len(of_truth):
        return 0.0
    weights, count = _group_weights(len(of_truth), groups)
    order = np.argsort(of_truth)
    # A new picture is one more that may lie below all others.
    allowed = (1 - promise) * (count + 1) - 1 + _ROUNDING
    if allowed < 0:
        return 0.0
    below = np.cumsum(weights[order]) - weights[order]
    index = int(np.searchsorted(below, allowed, side="right")) - 1
    return float(of_truth[order][index])


def class_probabilities_needed(
    targets: np.ndarray, probabilities: np.ndarray, promise: float, *, by_class: bool, groups: np.ndarray
) -> np.ndarray:
    """Probability from which each class belongs to the set: float64 (classes,).

    Args:
        targets: bool (n, classes), of validation pictures.
        probabilities: float (n, classes).
        by_class: keep the promise for each class; one that has too few pictures for it belongs to every set.
        groups: (n,).
    """
    # Without an answer, the true class is as improbable as can be.
    probabilities = np.nan_to_num(probabilities)
    if not by_class:
        pictures, classes = np.nonzero(targets)
        least = least_probability(probabilities[pictures, classes], promise, groups[pictures])
        return np.full(targets.shape[1], least)
    columns = zip(targets.T, probabilities.T, strict=True)
    return np.array([least_probability(scores[shows], promise, groups[shows]) for shows, scores in columns])


def in_set(probabilities: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Classes in the set of each picture: bool (n, classes)."""
    members: np.ndarray = probabilities >= needed
    return members


def _group_weights(count: int, groups: np.ndarray | None) -> tuple[np.ndarray, int]:
    if groups is None:
        return np.ones(count), count
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return 1 / sizes[index], len(sizes)
