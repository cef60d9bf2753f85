"""Stranger score of a picture: distance of its features from the classes, and doubt of its probabilities.

The distance is Mahalanobis's to the nearest class, with one covariance for all classes (Lee et
al. 2018), less half of that to all training pictures. The subtrahend removes what every picture
varies in (Ren et al. 2021, who subtract it whole). Subtracting half keeps pictures far that are
far from everything. Features have unit length (Müller and Hein 2025) and are reduced to their
principal components.

The doubt is the negative logarithm of the most probable answer (Hendrycks and Gimpel 2017). It
is bounded from below, so a network that is sure of a stranger cannot outweigh its distance, as
the unbounded energy of logits can.

Imports NumPy only, so that every process can apply a score. Fitting imports scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from core.data.labels.task import Task
from core.files import whole_file
from core.models.head import pool_globally

DIMENSIONS = 128
# Training pictures with which the shape of the classes is more than chance.
LEAST_PICTURES = 10
# Label sets of a multi-label dataset that are compared; the most frequent ones.
MOST_PROTOTYPES = 1000
RELATIVE_SHARE = 0.5
# Least standard deviation of the doubt that is assumed, in nats: a classifier without a mistake has next to none.
_LEAST_DOUBT = 0.1
_TINY = 1e-6
# Engines sum in different orders; a larger difference of a score cannot be rounding.
SCORE_TOLERANCE = 1e-2
# Relative difference of features between engines, which work in float32.
_ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True)
class StrangerDetector:
    """Fitted score. F is the number of features, after pooling; K the number of components."""

    # The features are 2 × 2 pooled: the cells are averaged first.
    is_grid: bool
    # (F, K) and (K,): to coordinates in which classes vary by 1 in every direction
    projection: np.ndarray
    offset: np.ndarray
    # (prototypes, K): the mean of each class; with several labels, of each label set
    prototypes: np.ndarray
    # (K,): variance of all training pictures, where that within the classes is 1
    variances: np.ndarray
    # Standard deviations on validation pictures: both parts count alike.
    distance_scale: float
    doubt_scale: float

    def scores(self, features: np.ndarray, probabilities: np.ndarray, task: Task) -> np.ndarray:
        """Compute scores: float64 (n,), higher for stranger pictures; 1 is a standard deviation of either part.

        Args:
            features: float32 (n, F), or (n, GRID_CELLS * F) for a grid.
            probabilities: float32 (n, classes), as delivered.
        """
        return self.distances(features) / self.distance_scale + doubts(probabilities, task) / self.doubt_scale

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Compute the distance part: float64 (n,)."""
        points = (unit_features(features, is_grid=self.is_grid) @ self.projection + self.offset).astype(
            np.float64
        )
        squares = np.square(points).sum(axis=1)
        prototypes = self.prototypes.astype(np.float64)
        nearest = (np.square(prototypes).sum(axis=1) - 2 * points @ prototypes.T).min(axis=1)
        whole: np.ndarray = (
            squares + nearest - RELATIVE_SHARE * (np.square(points) / self.variances).sum(axis=1)
        )
        return whole

    def survives_rounding(self, features: np.ndarray) -> bool:
        """True if engines agree on the scores; false where all pictures look alike to the network.

        The distance is in standard deviations within a class, so it enlarges rounding where these are tiny.
        """
        signs = np.random.default_rng(0).choice(np.array([-1, 1], np.float32), features.shape)
        rounded = self.distances(features * (1 + np.float32(_ROUNDING) * signs))
        differences = np.abs(rounded - self.distances(features)) / self.distance_scale
        return bool((differences <= SCORE_TOLERANCE).all())

    def save(self, path: Path) -> None:
        """Write all arrays to one ``.npz`` file, atomically."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        with whole_file(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> StrangerDetector:
        """Read the file of ``save``."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(
                is_grid=bool(arrays["is_grid"]),
                distance_scale=float(arrays["distance_scale"]),
                doubt_scale=float(arrays["doubt_scale"]),
                **{name: arrays[name] for name in ("projection", "offset", "prototypes", "variances")},
            )


@dataclass(frozen=True, kw_only=True)
class Knowns:
    """Pictures of the classes, as the network sees them."""

    features: np.ndarray  # float32 (n, F), or (n, GRID_CELLS * F) for a grid
    targets: np.ndarray  # bool (n, classes)


def fit_detector(
    train: Knowns, validation: np.ndarray, probabilities: np.ndarray, task: Task, *, is_grid: bool
) -> StrangerDetector:
    """Fit the score on training pictures, and its scale on validation pictures.

    Args:
        train: at least ``LEAST_PICTURES``.
        validation: float32 (v, F), features of validation pictures.
        probabilities: float32 (v, classes), theirs.
        is_grid: the features are 2 × 2 pooled.
    """
    shape = _fit_shape(unit_features(train.features, is_grid=is_grid), _label_sets(train.targets))
    unscaled = StrangerDetector(is_grid=is_grid, distance_scale=1.0, doubt_scale=1.0, **shape)
    distances, doubt = unscaled.distances(validation), doubts(probabilities, task)
    return StrangerDetector(
        is_grid=is_grid,
        distance_scale=max(float(distances.std()), _TINY) if len(distances) > 1 else 1.0,
        doubt_scale=max(float(doubt.std()), _LEAST_DOUBT) if len(doubt) > 1 else 1.0,
        **shape,
    )


def unit_features(features: np.ndarray, *, is_grid: bool) -> np.ndarray:
    """Scale features to unit length, float32 (n, F); the cells of a grid are averaged first."""
    pooled = pool_globally(features) if is_grid else features
    lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
    unit: np.ndarray = pooled / np.maximum(lengths, _TINY)
    return unit


def doubts(probabilities: np.ndarray, task: Task) -> np.ndarray:
    """Negative logarithm of the most probable answer to each picture: float64 (n,), in nats.

    An answer to several labels is a yes or no to each class.
    """
    exact = np.clip(probabilities.astype(np.float64), np.finfo(np.float32).tiny, 1.0)
    if task is Task.MULTI_CLASS:
        return -np.log(exact.max(axis=1))
    return -np.log(np.maximum(exact, 1 - exact)).sum(axis=1)


def _label_sets(targets: np.ndarray) -> np.ndarray:
    """Number the different answers, the most frequent first: int64 (n,); -1 beyond ``MOST_PROTOTYPES``."""
    _, sets, counts = np.unique(targets, axis=0, return_inverse=True, return_counts=True)
    ranks = np.argsort(np.argsort(-counts, kind="stable"))
    numbers = ranks[sets.reshape(-1)]
    return np.where(numbers < MOST_PROTOTYPES, numbers, -1)


def _fit_shape(unit: np.ndarray, sets: np.ndarray) -> dict[str, np.ndarray]:
    """Fit projection, prototypes and variances, in the directions that discriminate (Fisher 1936)."""
    from scipy.linalg import eigh
    from sklearn.decomposition import PCA

    unit, sets = unit[sets >= 0], sets[sets >= 0]
    count = min(DIMENSIONS, len(unit) - 1, unit.shape[1])
    components = PCA(count, svd_solver="randomized", random_state=0).fit(unit)
    points = components.transform(unit).astype(np.float64)
    sizes = np.bincount(sets)
    means = np.stack([np.bincount(sets, column) for column in points.T], axis=1) / sizes[:, None]
    within, whole = _covariance(points - means[sets]), _covariance(points)
    # Coordinates in which the first is the unit matrix and the second diagonal.
    variances, axes = eigh(whole, within)
    projection = components.components_.T @ axes
    return {
        "projection": projection.astype(np.float32),
        "offset": (-components.mean_ @ projection).astype(np.float32),
        "prototypes": (means @ axes).astype(np.float32),
        "variances": variances.astype(np.float32),
    }


def _covariance(centred: np.ndarray) -> np.ndarray:
    """Covariance, shrunk for few pictures (Ledoit and Wolf 2004), and never singular."""
    from sklearn.covariance import ledoit_wolf

    shrunk: np.ndarray = ledoit_wolf(centred, assume_centered=True)[0]
    return shrunk + max(_TINY * float(np.trace(shrunk)) / len(shrunk), 1e-12) * np.eye(len(shrunk))
