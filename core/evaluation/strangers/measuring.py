"""Measured quality of the stranger score: AUROC with interval, beside two simple scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.evaluation.metrics.bootstrap import RESAMPLES, weights_of_groups
from core.evaluation.metrics.intervals import bootstrap_interval
from core.evaluation.metrics.ranks import RankIndex
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class Separation(Record):
    """Area under the ROC curve of strangers against known pictures; 0.5 is chance, 1 perfect."""

    auroc: float
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class StrangerReport(Record):
    """Stranger score of a run, measured on test pictures and on strangers; ``evaluation/strangers.json``."""

    # Training pictures that the score was fitted on.
    fitted_on: int
    validation_pictures: int
    test_pictures: int
    # strangers of each kind
    strangers: Mapping[str, int] = field(default_factory=dict)
    # all kinds together; None without test pictures or strangers
    separation: Separation | None = None
    # of each kind
    by_kind: Mapping[str, Separation] = field(default_factory=dict)
    # the same pictures by maximum softmax (Hendrycks and Gimpel 2017) and by energy (Liu et al. 2020)
    maximum_softmax: Separation | None = None
    energy: Separation | None = None


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Pictures with a score, higher for strangers."""

    scores: np.ndarray  # float (n,)
    # int64 (n,), every number from 0 on; equal for pictures that belong together
    groups: np.ndarray


def separation(
    known: Scored, strangers: Scored, *, resamples: int = RESAMPLES, seed: int = 0
) -> Separation | None:
    """Measure how well a score separates strangers from known pictures; None if there are none of either."""
    if not (len(known.scores) and len(strangers.scores)):
        return None
    scores = np.concatenate([known.scores, strangers.scores])
    is_stranger = np.arange(len(scores)) >= len(known.scores)
    ranks = RankIndex.of(is_stranger[:, None], scores[:, None])
    value = float(ranks.areas(np.ones((len(scores), 1), np.float32))[0][0, 0])
    counts = [int(part.groups.max()) + 1 for part in (known, strangers)]
    draws = [
        weights_of_groups(count, resamples=resamples, seed=seed + number)
        for number, count in enumerate(counts)
    ]
    values = [
        ranks.areas(np.concatenate([first.T[known.groups], second.T[strangers.groups]]))[0][0]
        for first, second in zip(*draws, strict=True)
    ]
    interval = bootstrap_interval(value, np.concatenate(values), min(counts))
    return Separation(auroc=value, interval=interval or (0.0, 1.0))


def energies(logits: np.ndarray) -> np.ndarray:
    """Free energy of logits, float64 (n,): the negative logarithm of their summed exponentials; higher for strangers."""
    top = logits.max(axis=1, keepdims=True).astype(np.float64)
    result: np.ndarray = -(top[:, 0] + np.log(np.exp(logits - top).sum(axis=1)))
    return result


def joint_energies(logits: np.ndarray) -> np.ndarray:
    """Energy of the logits of several labels, summed over the labels (Wang et al. 2021): float64 (n,)."""
    result: np.ndarray = -np.logaddexp(0, logits.astype(np.float64)).sum(axis=1)
    return result
