"""Weights of 16 bits: half the size, almost the same answers."""

from __future__ import annotations

import numpy as np

from core.delivery.formats.litert.float16 import with_half_weights
from core.delivery.formats.litert.network import Network
from core.models.litert.engine import Engine


def test_half_the_size_answers_almost_the_same(content: bytes, pictures: np.ndarray) -> None:
    half = with_half_weights(content)
    assert len(half) < 0.53 * len(content)
    (probabilities, scores), (expected, expected_scores) = (
        Engine(file).run_all(pictures) for file in (half, content)
    )
    assert 0 < np.abs(probabilities - expected).max() < 0.01
    np.testing.assert_allclose(scores, expected_scores, rtol=0.01, atol=0.05)


def test_weights_are_rounded_once(content: bytes) -> None:
    """Each float16 constant is the nearest one to its float32."""
    before, after = Network(content), Network(with_half_weights(content))
    by_name = {tensor.name: tensor for tensor in before.graph.tensors}
    halved = [tensor for tensor in after.graph.tensors if tensor.name.endswith(b"_float16")]
    assert len(halved) >= 4
    for tensor in halved:
        weights = before.model.buffers[by_name[tensor.name.removesuffix(b"_float16")].buffer].data
        np.testing.assert_array_equal(
            after.model.buffers[tensor.buffer].data.view(np.float16),
            weights.view(np.float32).astype(np.float16),
        )


def test_a_constant_that_float16_cannot_hold_stays(content: bytes, pictures: np.ndarray) -> None:
    """70,000 would become infinite."""
    network = Network(content)
    largest = max(
        (number for number, _ in enumerate(network.graph.tensors) if network.is_constant(number)),
        key=lambda number: len(network.model.buffers[network.graph.tensors[number].buffer].data),
    )
    tensor = network.graph.tensors[largest]
    weights = network.model.buffers[tensor.buffer].data.view(np.float32).copy()
    weights[0] = 70_000
    network.model.buffers[tensor.buffer].data = weights.view(np.uint8)
    half = with_half_weights(network.to_bytes())
    kept = Network(half).constant_bytes(largest)
    assert kept is not None
    assert kept.view(np.float32)[0] == 70_000
    assert np.isfinite(Engine(half).run(pictures)).all()
