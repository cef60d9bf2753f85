"""Features in memory, so that hundreds of trials read them once."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from core.data.dataset import Dataset
from core.files import digest_of
from core.progress import Progress
from core.training.artifacts import map_pooling
from core.training.config import Recipe, TrainingConfig
from core.training.heads.data import FeatureMatrix, HeadData, load_features

_MOST_BYTES = 1 << 30


class TrialFeatures:
    """What heads are trained on, for settings that come and go."""

    def __init__(self, dataset: Dataset, copied: np.ndarray) -> None:
        """Hold nothing yet.

        Args:
            copied: int64 rows of the pictures that are ever trained on.
        """
        self._dataset, self._copied = dataset, copied
        self._held: OrderedDict[str, FeatureMatrix] = OrderedDict()

    def head_data(self, settings: TrainingConfig, dataset: Dataset, progress: Progress) -> HeadData | None:
        """What heads with these settings are trained on, where ``dataset`` splits the same pictures.

        None for settings without such a head.

        Raises:
            JobStopped, JobPaused, WeightsError: while features are computed for the first time.
        """
        if settings.recipe is Recipe.SCRATCH:
            return None
        return self._of(settings, progress).head_data(dataset, settings)

    def _of(self, settings: TrainingConfig, progress: Progress) -> FeatureMatrix:
        key = digest_of(_what_features_depend_on(settings))
        if key not in self._held:
            held = load_features(self._dataset, settings, self._copied, progress)
            while self._held and held.bytes + sum(one.bytes for one in self._held.values()) > _MOST_BYTES:
                self._held.popitem(last=False)
            self._held[key] = held
        self._held.move_to_end(key)
        return self._held[key]


def _what_features_depend_on(settings: TrainingConfig) -> dict[str, Any]:
    is_active = settings.augmentation.is_active
    return {
        "backbone": settings.backbone,
        "picture_size": settings.picture_size,
        "map": map_pooling(settings),
        "pooling": settings.head.pooling,
        "augmentation": settings.augmentation.to_json() if is_active else None,
        "views": settings.augmented_views if is_active else 0,
        "seed": settings.seed if is_active else 0,
    }
