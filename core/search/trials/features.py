"""Cache of features in memory, read once for hundreds of trials."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from core.data.dataset import Dataset
from core.files import digest_of
from core.progress import Progress
from core.training.artifacts import map_pooling
from core.training.config import Recipe, TrainingConfig
from core.training.heads.data import FeatureMatrix, HeadData, load_features

_MOST_BYTES = 1 << 30


class TrialFeatures:
    """Cache of the features that heads are trained on; the least recently used ones go first."""

    def __init__(self, dataset: Dataset, copied: np.ndarray) -> None:
        """Begin with an empty cache.

        Args:
            copied: int64 rows of the pictures that any trial trains on.
        """
        self._dataset, self._copied = dataset, copied
        self._cache: OrderedDict[str, FeatureMatrix] = OrderedDict()

    def head_data(self, settings: TrainingConfig, dataset: Dataset, progress: Progress) -> HeadData | None:
        """Features and targets for heads with these settings.

        Args:
            dataset: the same pictures, split as the trial needs them.
        Returns:
            None for settings without a head on frozen features.
        Raises:
            JobStopped, JobPaused, WeightsError: while features are computed for the first time.
        """
        if settings.recipe is Recipe.SCRATCH:
            return None
        return self._of(settings, progress).head_data(dataset, settings)

    def _of(self, settings: TrainingConfig, progress: Progress) -> FeatureMatrix:
        key = digest_of(_feature_settings(settings))
        if key not in self._cache:
            features = load_features(self._dataset, settings, self._copied, progress)
            while (
                self._cache and features.bytes + sum(one.bytes for one in self._cache.values()) > _MOST_BYTES
            ):
                self._cache.popitem(last=False)
            self._cache[key] = features
        self._cache.move_to_end(key)
        return self._cache[key]


def _feature_settings(settings: TrainingConfig) -> dict[str, object]:
    """The settings that features depend on."""
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
