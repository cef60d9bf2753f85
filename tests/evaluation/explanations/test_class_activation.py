"""Class activation maps: their sum is the logit, and each cell has its own contribution."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.explanations.class_activation import class_activation_maps, pool
from core.models.head import GRID_CELLS, Activation, HeadWeights, MapPooling

FEATURES, CLASSES = 6, 4


def linear_head(pooling: MapPooling, activation: Activation = "softmax") -> HeadWeights:
    random = np.random.default_rng(1)
    size = FEATURES * (GRID_CELLS if pooling == "grid" else 1)
    return HeadWeights(
        feature_mean=random.normal(size=size),
        feature_scale=random.uniform(0.5, 2, size),
        layers=((random.normal(size=(size, CLASSES)), random.normal(size=CLASSES)),),
        activation=activation,
    )


def feature_maps(side: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(count, side, side, FEATURES)).astype(np.float32)


@pytest.mark.parametrize("side", [2, 3, 7, 8])
@pytest.mark.parametrize("pooling", ["grid", "max"])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_a_map_sums_to_the_logit_without_its_bias(
    side: int, pooling: MapPooling, activation: Activation
) -> None:
    head, maps, classes = linear_head(pooling, activation), feature_maps(side), np.array([2, 0, 3])
    logits, ((_, bias),) = head.logits(pool(maps, pooling)), head.layers
    if activation == "softmax":
        logits, bias = logits - logits.mean(axis=1, keepdims=True), bias - bias.mean()
    expected = logits[np.arange(3), classes] - bias[classes]
    found = class_activation_maps(maps, head, pooling, classes).sum(axis=(1, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_cell_that_changes_alone_changes_its_own_contribution() -> None:
    """By as much as the logit changes: the upper left cell of a 4 × 4 map is a quarter of a pooled cell."""
    head, maps = linear_head("grid", "sigmoid"), feature_maps(4, count=1)
    changed = maps.copy()
    changed[0, 0, 0] += 1.0
    before, after = (class_activation_maps(each, head, "grid", np.array([1]))[0] for each in (maps, changed))
    logits = [head.logits(pool(each, "grid"))[0, 1] for each in (maps, changed)]
    difference = after - before
    assert difference[0, 0] == pytest.approx(logits[1] - logits[0], rel=1e-4)
    assert np.abs(difference).ravel()[1:].max() < 1e-6


def test_a_maximum_belongs_to_its_cell() -> None:
    head = HeadWeights(
        feature_mean=np.zeros(1),
        feature_scale=np.ones(1),
        layers=((np.array([[2.0]]), np.zeros(1)),),
        activation="sigmoid",
    )
    maps = np.zeros((1, 3, 3, 1), np.float32)
    maps[0, 2, 1, 0] = 5.0
    expected = np.zeros((3, 3))
    expected[2, 1] = 10.0
    np.testing.assert_array_equal(class_activation_maps(maps, head, "max", np.array([0]))[0], expected)
