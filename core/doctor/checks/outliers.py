"""Outliers: pictures that look like no class, such as a photograph among digits.

Two distances are combined: to the nearest neighbours, relative to theirs (after the local
outlier factor of Breunig et al. 2000), and to the nearest class, relative to the variation
within classes (the Mahalanobis distance, as in Lee et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from core.doctor.features.neighbours import nearest_neighbours
from core.doctor.features.reduction import reduced_features
from core.doctor.findings import Finding, Remedy, suspects_of
from core.doctor.sentences import FindingKind
from core.progress import Progress, raise_if_stopped

# Fewer pictures do not show what is usual.
MIN_PICTURES = 50
# Weaker components show unusual properties, too.
_DIMENSIONS = 256
_NEIGHBOURS = 10
# Random pictures among which neighbours are searched, so that the time grows linearly.
_REFERENCES = 10_000
# In spreads above the median.
_THRESHOLD = 3.0
# Quantile that gives the spread. Outliers are beyond it.
_UPPER = 0.9
# That quantile of a normal distribution.
_UPPER_IN_SPREADS = 1.2816
# Distance of exact copies, so that its logarithm is finite.
_TINY = 1e-6


@dataclass(frozen=True, kw_only=True)
class Outlier:
    """Picture that looks like no class."""

    row: int
    # Spreads above the median of all pictures.
    score: float


@threadpool_limits.wrap(limits=1, user_api="blas")
def outlying_pictures(
    features: np.ndarray,
    labels: np.ndarray,
    progress: Progress,
    *,
    rows: np.ndarray | None = None,
    seed: int = 0,
) -> list[Outlier]:
    """Find the pictures that look like no class, the most unusual first.

    Args:
        features: float32 (m, F), as ``core.training.features`` gives them.
        labels: class indices, int64 (n,).
        rows: rows of the features that belong to the labels, int64 (n,); all by default.
    Returns:
        Rows among the labels; nothing for fewer than ``MIN_PICTURES``.
    Raises:
        JobStopped: the user stopped the work.
    """
    if len(labels) < MIN_PICTURES:
        return []
    points = reduced_features(
        features, progress, dimensions=_DIMENSIONS, whole_pictures=True, rows=rows, seed=seed
    )
    isolation = np.log(_isolation(points, progress, seed))
    class_distance = np.log(_distance_to_classes(points, labels))
    scores = _in_spreads(_in_spreads(isolation) + _in_spreads(class_distance))
    outliers = np.flatnonzero(scores > _THRESHOLD)
    outliers = outliers[np.argsort(-scores[outliers], kind="stable")]
    return [Outlier(row=int(row), score=float(scores[row])) for row in outliers]


def outliers_finding(outliers: Sequence[Outlier], pictures: pd.DataFrame) -> Finding | None:
    """Make the finding of outliers; None without any.

    Args:
        pictures: rows as in ``outliers``, columns ``id``, ``name`` and ``label``.
    """
    if not outliers:
        return None
    rows = pictures.iloc[[item.row for item in outliers]]
    suspects = suspects_of(rows, [item.score for item in outliers])
    return Finding(
        kind=FindingKind.OUTLIERS,
        values={"total": len(pictures)},
        suspects=suspects,
        remedy=Remedy.EXCLUDE,
    )


def _isolation(points: np.ndarray, progress: Progress, seed: int) -> np.ndarray:
    """Multiply the mean distance to the neighbours by its ratio to theirs: float32 (n,)."""
    references = np.sort(np.random.default_rng(seed).permutation(len(points))[:_REFERENCES])
    own_rows = np.full(len(points), -1)
    own_rows[references] = np.arange(len(references))

    def report(done: int, total: int) -> None:
        progress.advance(done, total)
        raise_if_stopped(progress)

    neighbours = nearest_neighbours(
        points, points[references], _NEIGHBOURS, own_rows=own_rows, on_block=report
    )
    distance = neighbours.distances.mean(axis=1) + _TINY
    of_neighbours = np.median(distance[references][neighbours.rows], axis=1)
    isolation: np.ndarray = distance * (distance / of_neighbours)
    return isolation


def _distance_to_classes(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Compute the Mahalanobis distance to the nearest class: float32 (n,)."""
    classes, labels = np.unique(labels, return_inverse=True)
    # Medians, so that a few outliers do not shift the centre of their class.
    centres = np.stack([np.median(points[labels == index], axis=0) for index in range(len(classes))])
    within = points - centres[labels]
    covariance = (within.T @ within).astype(np.float64) / len(points)
    covariance += np.eye(len(covariance)) * (np.trace(covariance) / len(covariance) + _TINY)
    whitening = np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)
    nearest = nearest_neighbours(points @ whitening, centres @ whitening, 1)
    distance: np.ndarray = nearest.distances[:, 0] + _TINY
    return distance


def _in_spreads(values: np.ndarray) -> np.ndarray:
    """Standardise values: distances above the median, in units of the spread of the upper half."""
    middle = np.median(values)
    spread = (np.quantile(values, _UPPER) - middle) / _UPPER_IN_SPREADS
    result: np.ndarray = (values - middle) / max(spread, _TINY)
    return result
