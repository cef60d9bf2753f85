"""The step of a run that trains: from pictures to the best weights on disk.

``checkpoints/best.npz`` is the head. A network trained from scratch has its own
extractor beside it, as weights and, once converted, as a LiteRT engine.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.data.arrays import DECODED_PER_SECOND, decoded_pictures
from core.data.dataset import Dataset, open_dataset
from core.data.layout import Split
from core.data.splitting import MIN_PICTURES_PER_CLASS
from core.errors import DataError, TooFewClassesError
from core.files import hash_file, whole_file
from core.messages import N_
from core.models.backbones import Backbone, get_backbone
from core.models.conversion import cached_engine, convert_to_tflite, feature_engine
from core.models.head import HeadWeights, mean_of_quarters
from core.models.speeds import expected_seconds
from core.models.weights import obtain_weights, weights_ready
from core.progress import JobStopped, Progress, Stage, raise_if_stopped
from core.training.config import Recipe, TrainingConfig
from core.training.features import augmented_features, cached_features, count_missing
from core.training.linear import EpochScores, FeatureSet, fit_linear_head
from core.workspace import project_of

_HEAD_SECONDS = 3.0  # first guesses, for the time left
_CONVERSION_SECONDS = 15.0
_EXPORT_SECONDS = 20.0
_SCRATCH_PICTURES_PER_SECOND = 120.0
_SAVE_EVERY_SECONDS = 1.0
# Beyond this a head on the quarters would need more memory than it is likely to gain.
_MOST_QUARTERS_BYTES = 600 << 20


def train(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run the recipe. Stopped with a best so far, it returns as if it had finished."""
    settings = TrainingConfig.from_json(config)
    progress.rewind(0)
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    require_all_parts(dataset)
    curve = _LearningCurve(directory, settings, progress)
    try:
        if settings.recipe is Recipe.SCRATCH:
            _train_from_scratch(dataset, settings, curve, progress)
        else:
            _train_quick(dataset, settings, curve, progress)
    except JobStopped:
        if curve.best is None:
            raise
    curve.save()
    return curve.result()


def engine_path(directory: Path, settings: TrainingConfig) -> Path:
    """The LiteRT feature extractor of a trained run: its backbone's, or its own.

    A network of its own is converted at the first call.
    """
    backbone = get_backbone(settings.backbone)
    if settings.recipe is not Recipe.SCRATCH:
        return feature_engine(backbone)
    # Named by its weights: the name is the key under which its features are cached,
    # and a run that is resumed trains another network.
    weights = hash_file(extractor_file(directory))
    path = directory / "checkpoints" / f"{directory.name}-{weights[:16]}.tflite"
    if not path.exists():
        extractor = load_extractor(directory, settings)
        with whole_file(path) as temporary:
            temporary.write_bytes(convert_to_tflite(extractor))
    return path


def load_extractor(directory: Path, settings: TrainingConfig) -> Any:
    """The Keras feature extractor of a trained run (``keras.Model``, frozen)."""
    from core.models.classifier import build_feature_extractor

    backbone = get_backbone(settings.backbone)
    if settings.recipe is not Recipe.SCRATCH:
        return build_feature_extractor(backbone)
    extractor = build_feature_extractor(backbone, pretrained=False)
    extractor.load_weights(extractor_file(directory))
    return extractor


def head_file(directory: Path) -> Path:
    return directory / "checkpoints" / "best.npz"


def extractor_file(directory: Path) -> Path:
    return directory / "checkpoints" / "extractor.weights.h5"


def _train_quick(
    dataset: Dataset, settings: TrainingConfig, curve: _LearningCurve, progress: Progress
) -> None:
    backbone = get_backbone(settings.backbone)
    progress.plan(_expected(dataset, settings, backbone))
    engine = _prepared_engine(backbone, progress)
    features = cached_features(dataset, engine, progress, speed_key=backbone.key)
    train_set = _training_features(dataset, settings, engine, features, progress)
    validation = dataset.rows(Split.VALIDATION)
    validation_set = FeatureSet(features=features[validation], targets=dataset.targets[validation])
    progress.stage(Stage.TRAINING)
    raise_if_stopped(progress)
    _fit_heads(train_set, validation_set, settings, curve, progress)


def _training_features(
    dataset: Dataset, settings: TrainingConfig, engine: Path, features: np.ndarray, progress: Progress
) -> FeatureSet:
    """The training pictures' features, those of their changed copies after them."""
    rows = dataset.rows(Split.TRAIN)
    targets = dataset.targets[rows]
    if not settings.augmentation.is_active:
        return FeatureSet(features=features[rows], targets=targets)
    views = augmented_features(
        dataset, rows, engine, settings.augmentation, settings.augmented_views, settings.seed, progress
    )
    return FeatureSet(
        features=np.concatenate([features[rows], *views]), targets=np.tile(targets, (1 + len(views), 1))
    )


def _fit_heads(
    train: FeatureSet,
    validation: FeatureSet,
    settings: TrainingConfig,
    curve: _LearningCurve,
    progress: Progress,
) -> None:
    """Try a head on the whole picture's features, then one that knows the quarters; the best epoch is kept."""
    fits_in_memory = train.features.nbytes <= _MOST_QUARTERS_BYTES
    epochs = settings.epochs // 2 if fits_in_memory and settings.epochs > 1 else settings.epochs
    whole_train, whole_validation = _of_whole_pictures(train), _of_whole_pictures(validation)

    def add_whole(scores: EpochScores, head: HeadWeights, details: dict[str, Any]) -> None:
        curve.add_head(scores, head.spread_over_quarters(), details)

    curve.phase = "whole"
    fit_linear_head(whole_train, whole_validation, epochs=epochs, on_epoch=add_whole)
    if epochs < settings.epochs:
        curve.phase = "quarters"
        left = settings.epochs - epochs
        fit_linear_head(train, validation, epochs=left, on_epoch=curve.add_head)
    if settings.head.hidden_units:
        from core.training.network import fit_hidden_head

        knows_quarters = curve.best is not None and curve.best["phase"] == "quarters"
        curve.phase = "hidden"
        fit_hidden_head(
            train if knows_quarters else whole_train,
            validation if knows_quarters else whole_validation,
            train.num_classes,
            settings,
            on_epoch=curve.add_head if knows_quarters else add_whole,
            on_batch=lambda: raise_if_stopped(progress),
        )


def _of_whole_pictures(data: FeatureSet) -> FeatureSet:
    return FeatureSet(features=mean_of_quarters(data.features), targets=data.targets, weights=data.weights)


def _train_from_scratch(
    dataset: Dataset, settings: TrainingConfig, curve: _LearningCurve, progress: Progress
) -> None:
    count = len(dataset.rows(Split.TRAIN)) * settings.epochs
    progress.plan(
        {
            Stage.DECODING: len(dataset.pictures) / DECODED_PER_SECOND,
            Stage.TRAINING: count / _SCRATCH_PICTURES_PER_SECOND,
            Stage.EVALUATING: 5.0,
            Stage.EXPORTING: _EXPORT_SECONDS,
        }
    )
    progress.stage(Stage.DECODING)
    pictures = decoded_pictures(dataset, get_backbone(settings.backbone).input_size, progress)
    from core.training.network import fit_from_scratch

    progress.stage(Stage.TRAINING)
    curve.phase = "scratch"
    fit_from_scratch(
        dataset, pictures, settings, on_epoch=curve.add_network, on_batch=lambda: raise_if_stopped(progress)
    )


def _prepared_engine(backbone: Backbone, progress: Progress) -> Path:
    if not weights_ready(backbone):
        progress.stage(Stage.DOWNLOADING)
        obtain_weights(backbone, progress.advance, progress.should_stop)
    if cached_engine(backbone) is None:
        progress.stage(Stage.CONVERTING)
    return feature_engine(backbone)


def _expected(dataset: Dataset, settings: TrainingConfig, backbone: Backbone) -> dict[Stage, float]:
    """First guesses of each stage's seconds, from what was measured here before."""
    engine = cached_engine(backbone)
    missing = count_missing(dataset, engine)
    expected = {Stage.TRAINING: _HEAD_SECONDS, Stage.EVALUATING: 1.0, Stage.EXPORTING: _EXPORT_SECONDS}
    if engine is None:
        expected[Stage.CONVERTING] = _CONVERSION_SECONDS
    if missing:
        expected[Stage.DECODING] = len(dataset.pictures) / DECODED_PER_SECOND
        expected[Stage.FEATURES] = expected_seconds(backbone.key, missing)
    if settings.augmentation.is_active:
        views = len(dataset.rows(Split.TRAIN)) * settings.augmented_views
        expected[Stage.AUGMENTING] = 1.5 * expected_seconds(backbone.key, views)
    return expected


def require_all_parts(dataset: Dataset) -> None:
    if len(dataset.class_names) < 2:
        raise TooFewClassesError(
            N_(
                "There are {count} classes with enough pictures; a classifier needs at least two, "
                "with {minimum} pictures each. Add pictures on the Data page."
            ),
            count=len(dataset.class_names),
            minimum=MIN_PICTURES_PER_CLASS,
        )
    if not all(len(dataset.rows(split)) for split in Split):
        raise DataError(
            N_(
                "The dataset lacks pictures to train, to validate or to test with. "
                "Add pictures, or divide them anew on the Data page."
            )
        )


class _LearningCurve:
    """Every epoch's scores to the metrics file, the best epoch's weights to disk."""

    def __init__(self, directory: Path, settings: TrainingConfig, progress: Progress) -> None:
        self._directory, self._settings, self._progress = directory, settings, progress
        self._epoch = 0
        self.phase = "whole"
        self.best: dict[str, Any] | None = None
        self._unsaved: HeadWeights | None = None
        self._saved_at = 0.0

    def add_head(self, scores: EpochScores, head: HeadWeights, details: dict[str, Any]) -> None:
        if self._is_best(scores):
            self._unsaved = head
        self._note(scores, details)
        # Linear epochs take milliseconds, and a safe write as long: not each best one is worth it.
        if time.monotonic() - self._saved_at > _SAVE_EVERY_SECONDS:
            self.save()
        raise_if_stopped(self._progress)

    def add_network(self, scores: EpochScores, save: Any) -> None:
        if self._is_best(scores):
            save(extractor_file(self._directory), head_file(self._directory))
        self._note(scores, {})
        self._progress.keep(self.result())
        raise_if_stopped(self._progress)

    def save(self) -> None:
        """Write the best head so far, if it is not on disk yet."""
        if self._unsaved is not None:
            self._unsaved.save(head_file(self._directory))
            self._unsaved, self._saved_at = None, time.monotonic()
            self._progress.keep(self.result())

    def result(self) -> dict[str, Any]:
        return {"training": {"epochs": self._epoch, "best": self.best, "seed": self._settings.seed}}

    def _is_best(self, scores: EpochScores) -> bool:
        if self.best is None or math.isnan(self.best["validation_loss"]):
            return True
        return scores.validation_loss < float(self.best["validation_loss"])

    def _note(self, scores: EpochScores, details: dict[str, Any]) -> None:
        self._epoch += 1
        record = {
            "phase": self.phase,
            "epoch": self._epoch,
            "loss": scores.loss,
            "accuracy": scores.accuracy,
            "validation_loss": scores.validation_loss,
            "validation_accuracy": scores.validation_accuracy,
            **details,
        }
        if self._is_best(scores):
            self.best = record
        self._progress.metric(record | {"best_epoch": self.best["epoch"] if self.best else None})
        self._progress.advance(self._epoch, max(self._epoch, self._settings.epochs))
