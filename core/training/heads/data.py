"""Training data of heads: cached features of pictures and of their augmented copies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.models.head import pool_globally
from core.models.litert.conversion import cached_engine, feature_engine
from core.models.litert.engine import FeatureExtractor
from core.models.weights.store import obtain_weights, weights_ready
from core.progress import Progress, Stage
from core.training.artifacts import map_pooling
from core.training.batches import balancing_weights
from core.training.config import Imbalance, Pooling, TrainingConfig
from core.training.facts import EngineReady, timed
from core.training.features.cache import augmented_features, cached_features
from core.training.features.network import Reduce
from core.training.heads.linear import FeatureSet

# Above this size, only globally pooled features are read: 2 x 2 pooling gains little there.
_MAX_GRID_BYTES = 600 << 20


@dataclass(frozen=True, kw_only=True)
class HeadData:
    """Features and targets for training and validation."""

    train: FeatureSet
    validation: FeatureSet
    is_reduced: bool  # the features are globally pooled already
    copies: int = (
        0  # augmented copies of each training picture; the training set has all rows of one after another
    )

    @property
    def pictures(self) -> FeatureSet:
        """Training pictures without copies, then validation pictures; without weights."""
        train = self.train.at(slice(len(self.train.features) // (1 + self.copies)))
        return _concatenated(train, self.validation)

    def joined(self, task: Task) -> FeatureSet:
        """Training pictures with their copies, then validation pictures, weighted as training pictures are."""
        both = _concatenated(self.train, self.validation)
        return (
            both
            if self.train.weights is None
            else replace(both, weights=balancing_weights(both.targets, task))
        )

    def of_rows(self, of_pictures: np.ndarray) -> np.ndarray:
        """Values of ``joined``, (m,), from values of ``pictures``, (n,)."""
        train = len(self.train.features) // (1 + self.copies)
        return np.concatenate([np.tile(of_pictures[:train], 1 + self.copies), of_pictures[train:]])

    def globally_pooled(self) -> HeadData:
        """Average the 2 x 2 cells, which gives global average pooling."""
        if self.is_reduced:
            return self
        return replace(
            self,
            train=replace(self.train, features=pool_globally(self.train.features)),
            validation=replace(self.validation, features=pool_globally(self.validation.features)),
            is_reduced=True,
        )

    def weighed(self, settings: TrainingConfig, dataset: Dataset) -> HeadData:
        """Weight training pictures by the settings' treatment of unequal classes."""
        is_even = settings.imbalance is Imbalance.NONE
        weights = None if is_even else balancing_weights(self.train.targets, dataset.task)
        return replace(self, train=replace(self.train, weights=weights))


@dataclass(frozen=True, kw_only=True)
class FeatureMatrix:
    """Features in memory: of all pictures of a dataset, and of augmented copies of some."""

    features: np.ndarray  # float32 (n, F)
    targets: np.ndarray  # float32 (n, C)
    copied: np.ndarray  # int64 rows, ascending
    copies: np.ndarray | None  # float32 (copies, len(copied), F); None without augmentation
    is_reduced: bool

    @property
    def bytes(self) -> int:
        return self.features.nbytes + (0 if self.copies is None else self.copies.nbytes)

    def head_data(self, dataset: Dataset, settings: TrainingConfig) -> HeadData:
        """Select the training data of ``dataset``, which splits the same pictures.

        Every training picture must be among ``copied``.
        """
        rows, validation = dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)
        copies = self._copies_of(rows)
        data = HeadData(
            train=FeatureSet(
                features=np.concatenate([self.features[rows], *copies]),
                targets=np.tile(self.targets[rows], (1 + len(copies), 1)),
                groups=np.tile(dataset.groups[rows], 1 + len(copies)),
            ),
            validation=FeatureSet(
                features=self.features[validation],
                targets=self.targets[validation],
                groups=dataset.groups[validation],
            ),
            is_reduced=self.is_reduced,
            copies=len(copies),
        )
        return data.weighed(settings, dataset)

    def _copies_of(self, rows: np.ndarray) -> list[np.ndarray]:
        if self.copies is None:
            return []
        if np.array_equal(self.copied, rows):  # no array needs to be copied
            return list(self.copies)
        return list(self.copies[:, np.searchsorted(self.copied, rows)])


def _concatenated(train: FeatureSet, validation: FeatureSet) -> FeatureSet:
    return FeatureSet(
        features=np.concatenate([train.features, validation.features]),
        targets=np.concatenate([train.targets, validation.targets]),
        groups=None
        if train.groups is None or validation.groups is None
        else np.concatenate([train.groups, validation.groups]),
    )


def prepare_head_data(dataset: Dataset, settings: TrainingConfig, progress: Progress) -> HeadData:
    """Return the training data of a head; see :func:`load_features`."""
    features = load_features(dataset, settings, dataset.rows(Split.TRAIN), progress)
    return features.head_data(dataset, settings)


def load_features(
    dataset: Dataset, settings: TrainingConfig, copied: np.ndarray, progress: Progress
) -> FeatureMatrix:
    """Load a dataset's features from the cache; compute those that are missing.

    Args:
        copied: int64 rows, ascending: pictures to augment, if the settings augment.
    Raises:
        JobStopped, JobPaused: the user asked for it; computed features stay cached.
        WeightsError: the backbone's weights are not available.
    """
    engine = prepared_engine(settings, progress)
    reduce = reduction_of(dataset, settings, FeatureExtractor(engine).output_size)
    features = cached_features(dataset, engine, progress, timed=settings.sized_backbone, reduce=reduce)
    copies = None
    if settings.augmentation.is_active:
        copies = augmented_features(
            dataset, copied, engine, settings.augmentation, settings.augmented_views,
            settings.seed, progress, reduce=reduce,
        )  # fmt: skip
    return FeatureMatrix(
        features=features,
        targets=dataset.targets,
        copied=copied,
        copies=copies,
        is_reduced=reduce is not None,
    )


def prepared_engine(settings: TrainingConfig, progress: Progress) -> Path:
    """Return the backbone's feature engine; weights are downloaded and converted if needed."""
    backbone, pooling = settings.sized_backbone, map_pooling(settings)
    for part in backbone.parts:
        if not weights_ready(part):
            progress.stage(Stage.DOWNLOADING)
            obtain_weights(part, progress.advance, progress.should_stop)
    if cached_engine(backbone, pooling) is None:
        progress.stage(Stage.CONVERTING)
        with timed(progress, settings, Stage.CONVERTING, own_network=False):
            feature_engine(backbone, pooling=pooling)
    progress.fact(EngineReady())
    return feature_engine(backbone, pooling=pooling)


def reduction_of(dataset: Dataset, settings: TrainingConfig, feature_size: int) -> Reduce | None:
    """Return the reduction of features while they are read, None for all of them.

    Args:
        feature_size: numbers that the network gives for a picture.
    """
    if settings.head.pooling is Pooling.MAX:
        return None
    pictures = len(dataset.pictures)
    if settings.augmentation.is_active:
        pictures += settings.augmented_views * len(dataset.rows(Split.TRAIN))
    too_large = 4 * pictures * feature_size > _MAX_GRID_BYTES
    return "mean" if settings.head.pooling is Pooling.GLOBAL or too_large else None
