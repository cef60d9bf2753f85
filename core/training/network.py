"""Training by gradients in Keras: a hidden layer on features, or a small network from scratch.

Imported by workers only. Keeps to Keras 3 and NumPy, so that any backend serves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.data.dataset import Dataset
from core.data.layout import Split
from core.files import digest_of, whole_file
from core.models.augmentation import AugmentationConfig, augment
from core.models.backbones import get_backbone
from core.models.classifier import build_feature_extractor
from core.models.head import HeadWeights
from core.training.config import TrainingConfig
from core.training.linear import EpochScores, FeatureSet

_BATCH = 32
_HIDDEN_EPOCHS = 60
_HIDDEN_PATIENCE = 8
_SCRATCH_PATIENCE = 8
_LEARNING_RATE = 1e-3

OnEpoch = Callable[[EpochScores, dict[str, Any]], None]


def fit_hidden_head(
    train: FeatureSet,
    validation: FeatureSet,
    num_classes: int,
    config: TrainingConfig,
    *,
    on_epoch: Callable[[EpochScores, HeadWeights, dict[str, Any]], None],
    on_batch: Callable[[], None],
) -> None:
    """Fit a head with one hidden layer on features; the caller keeps the best epoch.

    Args:
        on_batch: called after every batch; what it raises ends the fit.
    """
    keras.utils.set_random_seed(config.seed)
    mean, scale = train.features.mean(axis=0), train.features.std(axis=0)
    scale = np.where(scale > 1e-6, scale, 1.0)
    hidden = keras.layers.Dense(config.head.hidden_units[0], activation="relu")
    logits = keras.layers.Dense(num_classes)
    model = keras.Sequential(
        [
            keras.Input((train.features.shape[1],)),
            hidden,
            keras.layers.Dropout(config.head.dropout_rate),
            logits,
        ]
    )
    _compile(model)

    def current_head() -> HeadWeights:
        layers = tuple(tuple(layer.get_weights()) for layer in (hidden, logits))
        return HeadWeights(feature_mean=mean, feature_scale=scale, layers=layers)

    model.fit(
        (train.features - mean) / scale,
        train.labels,
        validation_data=((validation.features - mean) / scale, validation.labels),
        batch_size=_BATCH,
        epochs=min(_HIDDEN_EPOCHS, config.epochs),
        verbose=0,
        callbacks=[
            _Watcher(lambda scores: on_epoch(scores, current_head(), {}), on_batch),
            keras.callbacks.EarlyStopping("val_loss", patience=_HIDDEN_PATIENCE),
        ],
    )


def fit_from_scratch(
    dataset: Dataset,
    pictures: np.ndarray,
    config: TrainingConfig,
    *,
    on_epoch: Callable[[EpochScores, Callable[[Path, Path], None]], None],
    on_batch: Callable[[], None],
) -> None:
    """Train the small network, every weight from random.

    Args:
        pictures: uint8 RGB, shape (number of pictures, S, S, 3).
        on_epoch: takes the scores and a function that saves the network as it
            stands: the extractor's weights to the first path, the head to the second.
        on_batch: called after every batch; what it raises ends the fit.
    """
    keras.utils.set_random_seed(config.seed)
    extractor = build_feature_extractor(get_backbone(config.backbone), pretrained=False, trainable=True)
    head = keras.layers.Dense(len(dataset.class_names), dtype="float32")
    model = keras.Model(extractor.input, head(extractor.output))
    _compile(model)

    def save(extractor_file: Path, head_file: Path) -> None:
        features = extractor.output_shape[-1]
        weights = HeadWeights(
            feature_mean=np.zeros(features),
            feature_scale=np.ones(features),
            layers=((head.get_weights()[0], head.get_weights()[1]),),
        )
        weights.save(head_file)
        with whole_file(extractor_file) as temporary:
            extractor.save_weights(temporary)

    train, validation = dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)
    labels = dataset.label_indices
    model.fit(
        PictureBatches(pictures, labels, train, config.augmentation, config.seed),
        validation_data=PictureBatches(pictures, labels, validation, AugmentationConfig(), None),
        epochs=config.epochs,
        verbose=0,
        shuffle=False,  # PictureBatches shuffles, the same way for the same seed
        callbacks=[
            _Watcher(lambda scores: on_epoch(scores, save), on_batch),
            keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.3, patience=3),
            keras.callbacks.EarlyStopping("val_loss", patience=_SCRATCH_PATIENCE),
        ],
    )


class PictureBatches(keras.utils.PyDataset):
    """Batches of pictures and labels; shuffled and augmented where a seed is given.

    What an epoch draws depends on the seed and its number alone.
    """

    def __init__(
        self,
        pictures: np.ndarray,
        labels: np.ndarray,
        rows: np.ndarray,
        config: AugmentationConfig,
        seed: int | None,
    ) -> None:
        super().__init__()
        self._pictures, self._labels, self._rows, self._config, self._seed = (
            pictures,
            labels,
            rows,
            config,
            seed,
        )
        self._epoch = -1
        self.on_epoch_begin()

    def __len__(self) -> int:
        return -(-len(self._rows) // _BATCH)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._order[index * _BATCH : (index + 1) * _BATCH]
        batch = self._pictures[rows]
        if self._seed is not None and self._config.is_active:
            batch = augment(batch, self._config, int(digest_of([self._seed, self._epoch, index])[:7], 16))
        return batch, self._labels[rows]

    def on_epoch_begin(self) -> None:
        self._epoch += 1
        self._order = self._rows
        if self._seed is not None:
            self._order = np.random.default_rng([self._seed, self._epoch]).permutation(self._rows)


class _Watcher(keras.callbacks.Callback):
    """Passes each epoch's scores and each batch's end to plain functions."""

    def __init__(self, on_epoch: Callable[[EpochScores], None], on_batch: Callable[[], None]) -> None:
        super().__init__()
        self._on_epoch, self._on_batch = on_epoch, on_batch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._on_batch()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        scores = logs or {}
        self._on_epoch(
            EpochScores(
                loss=float(scores["loss"]),
                accuracy=float(scores["accuracy"]),
                validation_loss=float(scores["val_loss"]),
                validation_accuracy=float(scores["val_accuracy"]),
            )
        )


def _compile(model: keras.Model) -> None:
    model.compile(
        optimizer=keras.optimizers.AdamW(_LEARNING_RATE, weight_decay=1e-4),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
