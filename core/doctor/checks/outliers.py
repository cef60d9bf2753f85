"""Outliers: pictures that look like no class, such as a photograph among digits.

Two distances are joined: that to the nearest neighbours, relative to theirs (after the
local outlier factor of Breunig et al. 2000), and that to the nearest class, relative to
the usual variation within a class (the Mahalanobis distance, as Lee et al. 2018 use it).
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

LEAST_PICTURES = 50  # with fewer, what is usual cannot be told
_DIMENSIONS = 256  # what is unusual shows in the weaker components, too
_NEIGHBOURS = 10
_REFERENCES = 10_000  # pictures among which neighbours are sought, drawn at random: the time grows linearly
_THRESHOLD = 3.0  # in spreads above the median
_UPPER = 0.9  # the quantile that tells the spread: outliers lie beyond it
_UPPER_IN_SPREADS = 1.2816  # where that quantile of a normal distribution lies
_TINY = 1e-6  # distance of exact copies, so that its logarithm exists


@dataclass(frozen=True, kw_only=True)
class Outlier:
    """A picture that looks like no class."""

    row: int
    score: float  # spreads above the median of all pictures


@threadpool_limits.wrap(limits=1, user_api="blas")
def outlying_pictures(
    features: np.ndarray,
    labels: np.ndarray,
    progress: Progress,
    *,
    rows: np.ndarray | None = None,
    seed: int = 0,
) -> list[Outlier]:
    """Find the pictures that look like no class, the strangest first.

    Args:
        features: float32 (m, F), as ``core.training.features`` gives them.
        labels: class indices, int64 (n,).
        rows: int64 (n,), the rows of the features that the labels are of; all by default.
    Returns:
        Their indices among the labels; nothing for fewer than ``LEAST_PICTURES``.
    Raises:
        JobStopped: the user asked to stop.
    """
    if len(labels) < LEAST_PICTURES:
        return []
    points = reduced_features(
        features, progress, dimensions=_DIMENSIONS, whole_pictures=True, rows=rows, seed=seed
    )
    isolation = np.log(_isolation(points, progress, seed))
    strangeness = np.log(_distance_to_classes(points, labels))
    scores = _in_spreads(_in_spreads(isolation) + _in_spreads(strangeness))
    found = np.flatnonzero(scores > _THRESHOLD)
    found = found[np.argsort(-scores[found], kind="stable")]
    return [Outlier(row=int(row), score=float(scores[row])) for row in found]


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
    """float32 (n,): the mean distance to the nearest neighbours, times how much larger it is than theirs."""
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
    """float32 (n,): the Mahalanobis distance to the nearest class."""
    classes, labels = np.unique(labels, return_inverse=True)
    # Medians, so that a few strangers in a class do not draw it towards them.
    centres = np.stack([np.median(points[labels == index], axis=0) for index in range(len(classes))])
    within = points - centres[labels]
    covariance = (within.T @ within).astype(np.float64) / len(points)
    covariance += np.eye(len(covariance)) * (np.trace(covariance) / len(covariance) + _TINY)
    whitening = np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)
    nearest = nearest_neighbours(points @ whitening, centres @ whitening, 1)
    distance: np.ndarray = nearest.distances[:, 0] + _TINY
    return distance


def _in_spreads(values: np.ndarray) -> np.ndarray:
    """Distances above the median, in units of the spread of the upper half."""
    middle = np.median(values)
    spread = (np.quantile(values, _UPPER) - middle) / _UPPER_IN_SPREADS
    result: np.ndarray = (values - middle) / max(spread, _TINY)
    return result
