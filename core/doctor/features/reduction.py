"""Reduced features: principal components for neighbours, maps, groups and linear models.

Features of 5,120 numbers are reduced to their first principal components, which preserves
similarity and is forty times less to compute and store. They are normalised to unit length
first, because the strength of activations depends little on the subject: on the digits and
photographs, 4 to 5 points more of the ten nearest neighbours share a class than with
standardised features.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from threadpoolctl import threadpool_limits

from core.models.head import pool_globally
from core.progress import Progress, raise_if_stopped

# More gains nothing on the digits and photographs, and makes neighbours less similar.
DIMENSIONS = 128
# Random pictures on which the directions are fitted.
_FITTED_ON = 10_000
# Pictures, 20 MB of features.
_BLOCK = 1024
_POWER_ITERATIONS = 2
# Additional directions, as Halko et al. recommend.
_OVERSAMPLING = 10
# A picture without any feature stays at the origin.
_TINY = 1e-12


# One thread, as everywhere in the doctor: see ``core.training.heads.linear``.
@threadpool_limits.wrap(limits=1, user_api="blas")
def reduced_features(
    features: np.ndarray,
    progress: Progress,
    *,
    dimensions: int = DIMENSIONS,
    whole_pictures: bool = False,
    rows: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Compute the principal components of features of unit length, the strongest first.

    The method is randomised PCA (Halko, Martinsson and Tropp 2011). Features are read block by
    block, so a memory map is not copied.

    Args:
        features: float32 (m, F), as ``core.training.features`` gives them.
        whole_pictures: average the quarters, which drops positions within the picture.
        rows: rows of the features to use, int64 (n,); all by default.
    Returns:
        float32 (n, D). D is ``dimensions``, or less with fewer pictures or features.
    Raises:
        JobStopped: the user stopped the work.
    """
    rows = np.arange(len(features)) if rows is None else rows
    if not len(rows):
        return np.empty((0, 0), np.float32)
    random = np.random.default_rng(seed)
    sample = np.sort(random.permutation(len(rows))[:_FITTED_ON])
    steps = _Steps(progress, (1 + _POWER_ITERATIONS) * len(sample) + len(rows))

    def blocks(indices: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(indices), _BLOCK):
            block = indices[start : start + _BLOCK]
            yield block, _of_unit_length(features[rows[block]], whole_pictures)
            steps.add(len(block))

    mean = sum(unit.sum(axis=0, dtype=np.float64) for _, unit in blocks(sample)) / len(sample)
    mean = np.asarray(mean, np.float32)
    width = min(dimensions + _OVERSAMPLING, len(sample), len(mean))
    basis = random.standard_normal((len(mean), width), np.float32)
    for _ in range(_POWER_ITERATIONS):
        basis = np.linalg.qr(basis)[0]
        product = np.zeros_like(basis)
        for _, unit in blocks(sample):
            centred = unit - mean
            product += centred.T @ (centred @ basis)
        basis = product
    basis = np.linalg.qr(basis)[0]
    reduced = np.empty((len(rows), width), np.float32)
    for block, unit in blocks(np.arange(len(rows))):
        reduced[block] = (unit - mean) @ basis
    return _rotated(reduced, reduced[sample])[:, : min(dimensions, width)]


def to_unit_scale(points: np.ndarray) -> np.ndarray:
    """Scale points, float32 (n, D), to mean square length 1, so that regularisation is comparable."""
    scale = float(np.sqrt(np.square(points, dtype=np.float64).sum(axis=1).mean()))
    return (points / np.float32(scale)).astype(np.float32) if scale else points


def _rotated(points: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Rotate points, float32 (n, D), so that the sample varies most along the first axis."""
    _, directions = np.linalg.eigh(sample.astype(np.float64).T @ sample)
    directions = directions[:, ::-1]
    # The sign of a direction is arbitrary. It is fixed, so that every computer draws the same map.
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    turned: np.ndarray = points @ (directions * signs).astype(np.float32)
    return turned


def _of_unit_length(features: np.ndarray, whole_pictures: bool) -> np.ndarray:
    vectors = pool_globally(features) if whole_pictures else features
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = vectors / np.maximum(lengths, _TINY)
    return unit


class _Steps:
    """Counter of pictures that reports progress and raises on a stop request."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def add(self, count: int) -> None:
        self._done += count
        self._progress.advance(self._done, self._total)
        raise_if_stopped(self._progress)
