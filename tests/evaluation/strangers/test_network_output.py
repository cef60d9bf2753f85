"""The second output of a delivered network computes the score of ``StrangerDetector``."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from core.data.labels.task import Task
from core.evaluation.strangers.detector import Knowns, fit_detector
from core.evaluation.strangers.network_output import with_stranger_score
from core.models.architectures.classifier import FEATURES_LAYER, PICTURE_LAYER, build_classifier
from core.models.head import HeadWeights

FEATURES = 32


@pytest.fixture(scope="module")
def extractor() -> keras.Model:
    picture = keras.Input((8, 8, 3), dtype="uint8", name=PICTURE_LAYER)
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(picture))
    features = keras.layers.Dense(FEATURES, activation="relu", name=FEATURES_LAYER)(flat)
    return keras.Model(picture, features)


@pytest.mark.parametrize(
    ("task", "is_grid"), [(Task.MULTI_CLASS, True), (Task.MULTI_CLASS, False), (Task.MULTI_LABEL, True)]
)
def test_it_is_the_detectors_score_also_from_a_saved_file(
    extractor: keras.Model, tmp_path: Path, task: Task, is_grid: bool
) -> None:
    """A conversion on another backend goes through a file that is loaded in safe mode."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (40, 8, 8, 3), np.uint8)
    features = np.asarray(extractor(pictures))
    head = HeadWeights(
        feature_mean=np.zeros(FEATURES),
        feature_scale=np.ones(FEATURES),
        layers=((random.normal(size=(FEATURES, 3)), np.zeros(3)),),
        activation="sigmoid" if task is Task.MULTI_LABEL else "softmax",
    )
    targets = random.random((40, 3)) < 0.5 if task is Task.MULTI_LABEL else np.eye(3, dtype=bool)[[0, 1] * 20]
    probabilities = head.probabilities(features)
    train = Knowns(features=features, targets=targets)
    detector = fit_detector(train, features, probabilities, task, is_grid=is_grid)
    model = with_stranger_score(build_classifier(extractor, head, ["a", "b", "c"]), detector)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    expected = detector.scores(features, probabilities, task)
    assert np.ptp(expected) > 1
    for made in (model, loaded):
        first, second = (np.asarray(output) for output in made(pictures))
        np.testing.assert_allclose(first, probabilities, atol=1e-5)
        np.testing.assert_allclose(second[:, 0], expected, atol=1e-4)
