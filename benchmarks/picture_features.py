"""Features and heads of real pictures, for benchmarks without a project."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from core.data.images.picture import load_picture
from core.models.head import HeadWeights
from core.models.litert.engine import FeatureExtractor
from core.training.heads.linear import EpochScores, FeatureSet, fit_linear_head

_BATCH = 256  # pictures decoded together


def features_of(paths: Sequence[Path], extractor: FeatureExtractor) -> np.ndarray:
    """Features float32 (n, F) of picture files."""
    features = []
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(paths), _BATCH):
            pixels = pool.map(
                lambda path: load_picture(path.read_bytes(), extractor.input_size),
                paths[start : start + _BATCH],
            )
            features.append(extractor.run(np.stack(list(pixels))))
    return np.concatenate(features)


def fitted_head(
    train: FeatureSet, validation: FeatureSet, *, epochs: int = 120, l2: float | None = None
) -> HeadWeights:
    """Fit a head along the usual path, and keep the epoch with the least validation loss; with ``l2``, the last."""
    best: list[tuple[float, HeadWeights]] = []

    def keep(scores: EpochScores, head: HeadWeights, strength: float) -> None:
        if not best or l2 is not None or scores.validation_loss < best[0][0]:
            best[:] = [(scores.validation_loss, head)]

    fit_linear_head(train, validation, epochs=epochs, on_epoch=keep, l2=l2)
    return best[0][1]
