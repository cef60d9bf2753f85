"""Worked examples give the number that the network computes at the same place."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.explanations.class_activation import pool
from core.evaluation.explanations.inside import dense_sum, shown_layers, work_out
from core.models.head import HeadWeights
from core.models.litert.inspection import LayerKind, layers_of, tensor_of
from core.training.artifacts import head_file
from tests.support.trained import Trained


@pytest.fixture(scope="module")
def content(trained: Trained) -> bytes:
    """EfficientNet-Lite0 with a head."""
    return (trained.run / "model.tflite").read_bytes()


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.kron(small, np.ones((28, 28, 1), np.uint8))


def test_convolutions_and_pooling_are_listed_in_their_order(content: bytes) -> None:
    layers = layers_of(content)
    assert [layer.number for layer in layers] == list(range(1, len(layers) + 1))
    assert layers[0].kind is LayerKind.CONVOLUTION
    assert (layers[0].output_shape, layers[0].kernel.shape) == ((112, 112, 32), (32, 3, 3, 3))
    assert (layers[-1].kind, layers[-1].window) == (LayerKind.AVERAGE_POOLING, (4, 4))


@pytest.mark.parametrize("index", [0, 1, 6, -1])
def test_a_worked_example_ends_in_the_networks_number(
    content: bytes, picture: np.ndarray, index: int
) -> None:
    """A convolution of the picture, depthwise ones of 3 × 3 and 5 × 5, and the last pooling."""
    layer = shown_layers(content)[index]
    example = work_out(content, layer, picture, tensor_of(content, layer.output_tensor, picture))
    assert example.value == pytest.approx(example.network_value, abs=1e-3)
    assert example.network_value > 0
    assert example.patch.shape[:2] == (5, 5)


def test_the_dense_layers_products_sum_to_its_score(trained: Trained) -> None:
    head = HeadWeights.load(head_file(trained.run))
    maps = np.random.default_rng(0).uniform(0, 1, (7, 7, 1280)).astype(np.float32)
    result = dense_sum(maps, head, "grid", 1, 5)
    logits = head.logits(pool(maps[np.newaxis], "grid"))[0]
    assert result.score == pytest.approx(logits[1], rel=1e-3)
    parts = sum(term.product for term in result.terms) + result.rest + result.bias
    assert parts == pytest.approx(result.score, rel=1e-3)
    assert len(result.terms) == 5
    assert result.others == head.layers[-1][0].shape[0] - 5
