"""Training pictures most similar to a new picture, computed in this process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from core.data.pixels.decoding import load_picture
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.neighbours import FeatureNetwork, SimilarPictures, training_pictures_like
from core.models.litert.engine import Engine


def similar_to(
    evaluated: EvaluatedRun, data: bytes, count: int, cells: np.ndarray | None = None
) -> SimilarPictures | None:
    """Find the training pictures most similar to picture bytes; None if no features are stored.

    Args:
        cells: the picture's pooled feature map by the run's network, where it was predicted: then
            no second network is loaded, unless the stored features are another's.
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    dataset = evaluated.dataset

    def features_by(network: FeatureNetwork) -> np.ndarray:
        if network.decided and cells is not None:
            return cells
        engine = _engine(network.engine)
        pixels = load_picture(data, engine.input_size, dataset.pixel_range, dataset.channels)
        features: np.ndarray = engine.run(pixels[np.newaxis])[0]
        return features

    return training_pictures_like(evaluated, count, features_by)


@lru_cache(maxsize=2)
def _engine(file: Path) -> Engine:
    return Engine(file)
