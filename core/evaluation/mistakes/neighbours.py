"""Training pictures most similar to a test picture, by stored features of a pretrained network.

The web process may call this: it reads the feature cache with NumPy and computes no features.
Similarity is the cosine of the features, which ignores how strong their activations are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, WeightsSource
from core.models.litert.conversion import cached_engine
from core.training.artifacts import has_own_network, map_pooling
from core.training.features.cache import stored_features

_TINY = 1e-12  # length of a picture without any feature


@dataclass(frozen=True, kw_only=True)
class SimilarPictures:
    """Training pictures, the most similar first."""

    rows: np.ndarray  # of the dataset's pictures, int64 (k,)
    similarities: np.ndarray  # cosine, float32 (k,)
    backbone: str  # name of the network whose features were compared
    # False: the classifier's own network was trained further, or is another
    decided: bool


@dataclass(frozen=True, kw_only=True)
class FeatureNetwork:
    """A converted network without a head."""

    engine: Path
    backbone: str  # its name
    # False: the classifier's own network was trained further, or is another
    decided: bool


def similar_training_pictures(evaluated: EvaluatedRun, row: int, count: int) -> SimilarPictures | None:
    """Find the training pictures most similar to a picture; None if no features of it are stored.

    Args:
        row: of the dataset's pictures.
    """
    key = evaluated.dataset.decoded_keys[row]
    return _most_similar(evaluated, count, lambda network: _stored(evaluated.dataset, network.engine, key))


def training_pictures_like(
    evaluated: EvaluatedRun, count: int, features_by: Callable[[FeatureNetwork], np.ndarray]
) -> SimilarPictures | None:
    """Find the training pictures most similar to a new picture; None if no features are stored.

    Args:
        features_by: computes the picture's features by a network, float32 (F,).
    """
    return _most_similar(evaluated, count, features_by)


def _most_similar(
    evaluated: EvaluatedRun, count: int, query: Callable[[FeatureNetwork], np.ndarray | None]
) -> SimilarPictures | None:
    for network in _networks(evaluated):
        features = query(network)
        if features is None:
            continue
        found = nearest_to(evaluated.dataset, network.engine, features, evaluated.rows(Split.TRAIN), count)
        if found is not None:
            rows, similarities = found
            return SimilarPictures(
                rows=rows,
                similarities=similarities,
                backbone=network.backbone,
                decided=network.decided,
            )
    return None


def nearest_to(
    dataset: Dataset, engine: Path, query: np.ndarray, among: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Search the stored features chunk by chunk: rows, int64 (k,), and cosines, float32 (k,).

    Args:
        query: features of the picture, float32 (F,).
        among: rows to search, int64.
    Returns:
        None if the features of none of them are stored.
    """
    keys = dataset.decoded_keys
    rows_of: dict[str, list[int]] = {}
    for other in among.tolist():
        rows_of.setdefault(keys[other], []).append(other)
    rows: list[int] = []
    cosines: list[float] = []
    for chunk, features in stored_features(dataset, engine):
        known = [index for index, key in enumerate(chunk) if key in rows_of]
        if not known:
            continue
        found = features()[known]
        lengths = np.maximum(np.linalg.norm(found, axis=1) * np.linalg.norm(query), _TINY)
        for index, cosine in zip(known, (found @ query / lengths).tolist(), strict=True):
            copies = rows_of.pop(chunk[index], [])
            rows += copies
            cosines += [cosine] * len(copies)
    if not rows:
        return None
    best = np.argsort(-np.array(cosines), kind="stable")[:count]
    return np.array(rows, np.int64)[best], np.array(cosines, np.float32)[best]


def _stored(dataset: Dataset, engine: Path, key: str) -> np.ndarray | None:
    for keys, features in stored_features(dataset, engine):
        if key in keys:
            found: np.ndarray = features()[keys.index(key)]
            return found
    return None


def _networks(evaluated: EvaluatedRun) -> Iterator[FeatureNetwork]:
    """Networks whose features may be stored: that of the run, then the one that the check of the pictures uses."""
    if evaluated.was_trained:
        settings, backbone = evaluated.settings, evaluated.settings.sized_backbone
        is_pretrained = backbone.weights is not WeightsSource.NONE
        engine = cached_engine(backbone, map_pooling(settings)) if is_pretrained else None
        if engine is not None:
            decided = not has_own_network(evaluated.run)
            yield FeatureNetwork(engine=engine, backbone=backbone.name, decided=decided)
    engine = cached_engine(BACKBONES[DEFAULT_BACKBONE])
    if engine is not None:
        yield FeatureNetwork(engine=engine, backbone=BACKBONES[DEFAULT_BACKBONE].name, decided=False)
