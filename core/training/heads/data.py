"""What heads on frozen features are trained on: features of the pictures, and of changed copies of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.models.head import mean_of_quarters
from core.models.litert.conversion import cached_engine, feature_engine
from core.models.litert.engine import FeatureExtractor
from core.models.speeds import speed_key
from core.models.weights.store import obtain_weights, weights_ready
from core.progress import Progress, Stage
from core.training.artifacts import map_pooling
from core.training.batches import balancing_weights
from core.training.config import Imbalance, Pooling, TrainingConfig
from core.training.cost.stage_times import timed
from core.training.features import Reduce, augmented_features, cached_features
from core.training.heads.linear import FeatureSet

# Beyond this a head on the quarters would need more memory than it is likely to gain.
_MOST_QUARTERS_BYTES = 600 << 20


@dataclass(frozen=True, kw_only=True)
class HeadData:
    """Features with what they show, for training and for judging."""

    train: FeatureSet
    validation: FeatureSet
    is_reduced: bool  # the features are means of the quarters already

    def of_whole_pictures(self) -> HeadData:
        """The means of the quarters, which are those of the whole pictures."""
        if self.is_reduced:
            return self
        return HeadData(
            train=replace(self.train, features=mean_of_quarters(self.train.features)),
            validation=replace(self.validation, features=mean_of_quarters(self.validation.features)),
            is_reduced=True,
        )

    def weighed(self, settings: TrainingConfig, dataset: Dataset) -> HeadData:
        """With each training picture counting as the settings say."""
        is_even = settings.imbalance is Imbalance.NONE
        weights = None if is_even else balancing_weights(self.train.targets, dataset.task)
        return replace(self, train=replace(self.train, weights=weights))


@dataclass(frozen=True, kw_only=True)
class HeldFeatures:
    """Features of all pictures of a dataset, and of changed copies of some, in memory."""

    features: np.ndarray  # float32 (n, F)
    targets: np.ndarray  # float32 (n, C)
    copied: np.ndarray  # int64 rows, ascending
    copies: np.ndarray | None  # float32 (views, len(copied), F); None where pictures are not changed
    is_reduced: bool

    @property
    def bytes(self) -> int:
        return self.features.nbytes + (0 if self.copies is None else self.copies.nbytes)

    def head_data(self, dataset: Dataset, settings: TrainingConfig) -> HeadData:
        """What a head is trained on where ``dataset`` splits the same pictures; those that train were copied."""
        rows, validation = dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)
        copies = self._copies_of(rows)
        data = HeadData(
            train=FeatureSet(
                features=np.concatenate([self.features[rows], *copies]),
                targets=np.tile(self.targets[rows], (1 + len(copies), 1)),
            ),
            validation=FeatureSet(features=self.features[validation], targets=self.targets[validation]),
            is_reduced=self.is_reduced,
        )
        return data.weighed(settings, dataset)

    def _copies_of(self, rows: np.ndarray) -> list[np.ndarray]:
        if self.copies is None:
            return []
        if np.array_equal(self.copied, rows):  # as they lie: no copy of the copies
            return list(self.copies)
        return list(self.copies[:, np.searchsorted(self.copied, rows)])


def prepare_head_data(dataset: Dataset, settings: TrainingConfig, progress: Progress) -> HeadData:
    """What a head with these settings is trained on; as :func:`held_features` gets it."""
    held = held_features(dataset, settings, dataset.rows(Split.TRAIN), progress)
    return held.head_data(dataset, settings)


def held_features(
    dataset: Dataset, settings: TrainingConfig, copied: np.ndarray, progress: Progress
) -> HeldFeatures:
    """Features of a dataset, from the cache or computed now: weights are fetched and converted where needed.

    Args:
        copied: int64 rows, ascending: the pictures whose changed copies are wanted, where pictures are changed.
    Raises:
        JobStopped, JobPaused: the user said so; what was computed stays cached.
        WeightsError: the backbone's weights cannot be had.
    """
    engine = prepared_engine(settings, progress)
    reduce = reduction_of(dataset, settings, FeatureExtractor(engine).output_size)
    features = cached_features(
        dataset, engine, progress, speed_key=speed_key(settings.sized_backbone), reduce=reduce
    )
    copies = None
    if settings.augmentation.is_active:
        copies = augmented_features(
            dataset, copied, engine, settings.augmentation, settings.augmented_views,
            settings.seed, progress, reduce=reduce,
        )  # fmt: skip
    return HeldFeatures(
        features=features,
        targets=dataset.targets,
        copied=copied,
        copies=copies,
        is_reduced=reduce is not None,
    )


def prepared_engine(settings: TrainingConfig, progress: Progress) -> Path:
    """The feature engine of the settings' backbone; weights are fetched and converted where needed."""
    backbone, pooling = settings.sized_backbone, map_pooling(settings)
    if not weights_ready(backbone):
        progress.stage(Stage.DOWNLOADING)
        obtain_weights(backbone, progress.advance, progress.should_stop)
    if cached_engine(backbone, pooling) is None:
        progress.stage(Stage.CONVERTING)
        with timed(settings, Stage.CONVERTING, own_network=False):
            return feature_engine(backbone, pooling=pooling)
    return feature_engine(backbone, pooling=pooling)


def reduction_of(dataset: Dataset, settings: TrainingConfig, feature_size: int) -> Reduce | None:
    """What is made of the network's features while they are read: their mean, where they would not fit in memory.

    Args:
        feature_size: numbers that the network gives for a picture.
    """
    if settings.head.pooling is Pooling.MAX:
        return None
    pictures = len(dataset.pictures)
    if settings.augmentation.is_active:
        pictures += settings.augmented_views * len(dataset.rows(Split.TRAIN))
    too_large = 4 * pictures * feature_size > _MOST_QUARTERS_BYTES
    return "mean" if settings.head.pooling is Pooling.MEAN or too_large else None
