"""Features in memory, so that hundreds of trials read them once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.data.dataset import Dataset
from core.data.layout import Split
from core.files import digest_of
from core.models.engine import FeatureExtractor
from core.models.speeds import speed_key
from core.progress import Progress
from core.training.config import Recipe, TrainingConfig
from core.training.features import augmented_features, cached_features
from core.training.head_data import HeadData, prepared_engine, reduction_of
from core.training.linear import FeatureSet
from core.training.outcome import map_pooling

_MOST_BYTES = 1 << 30


@dataclass(frozen=True, kw_only=True)
class _Held:
    """Features of all pictures, and of changed copies of those in ``copied``."""

    features: np.ndarray  # float32 (n, F)
    copies: np.ndarray | None  # float32 (views, len(copied), F)
    copied: np.ndarray  # int64 rows
    is_reduced: bool

    @property
    def bytes(self) -> int:
        return self.features.nbytes + (0 if self.copies is None else self.copies.nbytes)


class TrialFeatures:
    """What heads are trained on, for settings that come and go."""

    def __init__(self, dataset: Dataset, copied: np.ndarray) -> None:
        """Hold nothing yet.

        Args:
            copied: int64 rows of the pictures that are ever trained on.
        """
        self._dataset, self._copied = dataset, copied
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._targets = dataset.targets

    def head_data(self, settings: TrainingConfig, dataset: Dataset, progress: Progress) -> HeadData | None:
        """What heads with these settings are trained on, where ``dataset`` splits the same pictures.

        None for settings without such a head.

        Raises:
            JobStopped, JobPaused, WeightsError: while features are computed for the first time.
        """
        if settings.recipe is Recipe.SCRATCH:
            return None
        held = self._of(settings, progress)
        rows, validation = dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)
        copies = [] if held.copies is None else list(held.copies[:, np.searchsorted(held.copied, rows)])
        data = HeadData(
            train=FeatureSet(
                features=np.concatenate([held.features[rows], *copies]),
                targets=np.tile(self._targets[rows], (1 + len(copies), 1)),
            ),
            validation=FeatureSet(features=held.features[validation], targets=self._targets[validation]),
            is_reduced=held.is_reduced,
        )
        return data.weighed(settings, dataset)

    def _of(self, settings: TrainingConfig, progress: Progress) -> _Held:
        key = digest_of(_what_features_depend_on(settings))
        if key not in self._held:
            held = self._read(settings, progress)
            while self._held and held.bytes + sum(one.bytes for one in self._held.values()) > _MOST_BYTES:
                self._held.popitem(last=False)
            self._held[key] = held
        self._held.move_to_end(key)
        return self._held[key]

    def _read(self, settings: TrainingConfig, progress: Progress) -> _Held:
        engine = prepared_engine(settings, progress)
        reduce = reduction_of(self._dataset, settings, FeatureExtractor(engine).output_size)
        features = cached_features(
            self._dataset,
            engine,
            progress,
            speed_key=speed_key(settings.sized_backbone),
            reduce=reduce,
        )
        copies = None
        if settings.augmentation.is_active:
            copies = augmented_features(
                self._dataset, self._copied, engine, settings.augmentation, settings.augmented_views,
                settings.seed, progress, reduce=reduce,
            )  # fmt: skip
        return _Held(features=features, copies=copies, copied=self._copied, is_reduced=reduce is not None)


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
