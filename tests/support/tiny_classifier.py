"""A tiny classifier with a stranger score, whose conversions take seconds."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.data.labels.task import Task
from core.delivery.exporter import DeliveredModel, Exporter
from core.delivery.facts import BackboneFacts, MeasuredMetric, ModelFacts
from core.evaluation.strangers.detector import Knowns, fit_detector
from core.evaluation.strangers.network_output import with_stranger_score
from core.models.architectures.classifier import FEATURES_LAYER, PICTURE_LAYER, build_classifier
from core.models.head import HeadWeights
from core.optional_packages import OPTIONAL_PACKAGES

SIZE = 16
CLASS_NAMES = ("grey cat", 'dog "Rex"', "大熊猫")
FACTS = ModelFacts(
    run="run-1",
    darkroom="0.1.0",
    class_names=CLASS_NAMES,
    task=Task.MULTI_CLASS,
    input_size=SIZE,
    backbone="tiny",
    preprocessing="Stretch the picture.",
    temperatures=(1.5, 1.5, 1.5),
    stranger_limit=4.5,
    dataset_version=7,
    dataset_digest="abc",
    test_pictures=40,
    metrics=(MeasuredMetric(code="accuracy", value=0.9, interval=(0.8, 0.95)),),
    backbones=(BackboneFacts(key="tiny", name="Tiny", source="", licence="Apache 2.0"),),
)


class TinyModel(DeliveredModel):
    """A classifier of random weights, with the facts and the LiteRT file of a run."""

    def __init__(self, run: Path, *, has_score: bool = True, facts: ModelFacts = FACTS) -> None:
        super().__init__(run)
        self.facts = facts
        self.pictures = np.random.default_rng(1).integers(0, 256, (40, SIZE, SIZE, 3), np.uint8)
        self._has_score = has_score

    def build(self) -> keras.Model:
        keras.utils.set_random_seed(0)
        picture = keras.Input((SIZE, SIZE, 3), dtype="uint8", name=PICTURE_LAYER)
        x = keras.layers.Rescaling(1 / 127.5, offset=-1)(picture)
        for filters in (8, 16):
            x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization()(x)
            x = keras.layers.ReLU(max_value=6.0)(x)
        features = keras.layers.GlobalMaxPooling2D(name=FEATURES_LAYER)(x)
        self.extractor = keras.Model(picture, features)
        head = HeadWeights(
            feature_mean=np.zeros(16),
            feature_scale=np.ones(16),
            layers=((np.random.default_rng(2).normal(size=(16, 3)) * 4, np.zeros(3)),),
        )
        return build_classifier(self.extractor, head, CLASS_NAMES)

    @cached_property
    def scored_model(self) -> Any:
        return self._with_score() if self._has_score else self.keras_model

    def _with_score(self) -> keras.Model:
        model = self.keras_model
        features, probabilities = np.asarray(self.extractor(self.pictures)), np.asarray(model(self.pictures))
        targets = np.eye(3, dtype=bool)[np.arange(40) % 3]
        known = Knowns(features=features, targets=targets)
        detector = fit_detector(known, features, probabilities, Task.MULTI_CLASS, is_grid=False)
        return with_stranger_score(model, detector)

    def expected(self) -> list[np.ndarray]:
        """Keras's own outputs for ``pictures``."""
        outputs = self.scored_model(self.pictures)
        return [np.asarray(output) for output in (outputs if isinstance(outputs, list) else [outputs])]


def made(exporter: Exporter, model: DeliveredModel) -> Path:
    """The file of a format, made once for a model; skips where its packages are not installed."""
    for package in exporter.packages:
        pytest.importorskip(
            OPTIONAL_PACKAGES[package].module, reason=f"{package} of requirements-exports.txt is missing"
        )
    file = exporter.file(model.run)
    if not file.exists():
        exporter.make(model, file)
    return file
