"""A head as layers answers as the same head in plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.data.labels.task import Task
from core.models.head import GRID_CELLS, HeadWeights
from core.training.config import HeadConfig, TrainingConfig
from core.training.networks.head_layers import TrainableHead, global_pooling
from core.training.networks.models import HeadNetwork

FEATURES, CLASSES = 6, 3


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(1, 2, (5, FEATURES)).astype(np.float32)


def built(head: TrainableHead, width: int = FEATURES) -> Any:
    import keras

    inputs = keras.Input((width,))
    return keras.Model(inputs, head(inputs))


def test_layers_begin_as_the_head_they_are_given(features: np.ndarray) -> None:
    """Its standardisation is part of the first layer."""
    random = np.random.default_rng(1)
    start = HeadWeights(
        feature_mean=random.normal(size=FEATURES),
        feature_scale=random.uniform(0.5, 2, FEATURES),
        layers=(
            (random.normal(size=(FEATURES, 4)), random.normal(size=4)),
            (random.normal(size=(4, CLASSES)), random.normal(size=CLASSES)),
        ),
    )
    head = TrainableHead(HeadConfig(), CLASSES, Task.MULTI_CLASS, start)
    logits = np.asarray(built(head)(features, training=False))
    np.testing.assert_allclose(logits, start.logits(features), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(head.weights().logits(features), logits, rtol=1e-4, atol=1e-5)


def test_batch_norm_is_folded_into_the_layer_before_it(features: np.ndarray) -> None:
    """After some training, so that nothing is at its beginning."""
    config = HeadConfig(hidden_units=(4,), batch_norm=True, dropout_rate=0.5, l2=0.01)
    head = TrainableHead(config, CLASSES, Task.MULTI_LABEL)
    model = built(head)
    model.compile("sgd", "mse")
    model.fit(features, np.ones((5, CLASSES)), epochs=3, verbose=0)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    weights = head.weights(mean, scale)
    expected = np.asarray(model((features - mean) / scale, training=False))
    np.testing.assert_allclose(weights.logits(features), expected, rtol=1e-4, atol=1e-5)
    assert weights.activation == "sigmoid"


def test_the_mean_over_quarters_is_that_of_plain_arrays() -> None:
    import keras

    from core.models.head import pool_globally

    wide = np.random.default_rng(2).normal(size=(3, GRID_CELLS * FEATURES)).astype(np.float32)
    inputs = keras.Input((GRID_CELLS * FEATURES,))
    model = keras.Model(inputs, global_pooling(inputs))
    np.testing.assert_allclose(np.asarray(model(wide)), pool_globally(wide), rtol=1e-5, atol=1e-6)


def test_the_head_for_global_features_undoes_that_for_grid_features(features: np.ndarray) -> None:
    random = np.random.default_rng(3)
    head = HeadWeights(
        feature_mean=random.normal(size=FEATURES),
        feature_scale=random.uniform(0.5, 2, FEATURES),
        layers=((random.normal(size=(FEATURES, CLASSES)), random.normal(size=CLASSES)),),
    )
    again = head.for_grid_features().for_global_features()
    np.testing.assert_allclose(again.logits(features), head.logits(features), rtol=1e-4, atol=1e-4)


def test_a_nearly_dead_feature_does_not_outweigh_the_others() -> None:
    """Divided by its deviation in training alone, it was hundreds in other pictures, and the loss tenfold."""
    random = np.random.default_rng(0)
    features = random.normal(size=(50, FEATURES)).astype(np.float32)
    features[:, 0] *= 1e-4
    network = HeadNetwork(
        TrainingConfig(dataset_version=1), CLASSES, Task.MULTI_CLASS, features, is_global=False
    )
    unlike = np.full((1, FEATURES), 0.5, np.float32)
    assert np.abs(network.standardised(unlike)).max() < 5
