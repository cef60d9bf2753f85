"""Rounded weights of a LiteRT file: a quantiser keeps them, and the answers stay nearly the same."""

from __future__ import annotations

import keras
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core.delivery.formats.litert.fixed_batch import with_batch_of_one
from core.delivery.formats.litert.network import Network
from core.delivery.formats.litert.rounded_weights import with_rounded_weights
from core.models.litert.conversion import convert_to_tflite
from core.models.litert.engine import Engine

CONVOLUTIONS = {schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D}


def kernels_of(content: bytes) -> list[np.ndarray]:
    """Kernels of all convolutions, float32 (channels, weights)."""
    network, kernels = Network(content), []
    for operator in network.graph.operators:
        if (code := network.code(operator)) in CONVOLUTIONS:
            data = network.constant_bytes(operator.inputs[1])
            assert data is not None
            kernel = data.view(np.float32).reshape(network.graph.tensors[operator.inputs[1]].shape)
            is_depthwise = code == schema.BuiltinOperator.DEPTHWISE_CONV_2D
            kernels.append(
                np.moveaxis(kernel, 3 if is_depthwise else 0, 0).reshape(
                    kernel.shape[3 if is_depthwise else 0], -1
                )
            )
    return kernels


def test_every_weight_of_a_convolution_is_a_number_of_8_bits(content: bytes, pictures: np.ndarray) -> None:
    fixed = with_batch_of_one(content)
    before, after = kernels_of(fixed), kernels_of(with_rounded_weights(fixed, pictures))
    assert before
    for exact, kernel in zip(before, after, strict=True):
        largest = np.abs(exact).max(axis=1, keepdims=True)
        np.testing.assert_array_equal(np.abs(kernel).max(axis=1, keepdims=True), largest)
        numbers = 127 * kernel / np.where(largest, largest, 1)
        np.testing.assert_allclose(numbers, np.rint(numbers), atol=1e-3)
        assert not np.array_equal(kernel, exact)


def test_answers_stay_nearly_the_same(content: bytes, pictures: np.ndarray) -> None:
    fixed = with_batch_of_one(content)
    before, after = Engine(fixed), Engine(with_rounded_weights(fixed, pictures))
    for picture in pictures[:, np.newaxis]:
        np.testing.assert_allclose(after.run(picture), before.run(picture), atol=0.02)


def test_convolutions_that_shared_zeros_have_a_bias_each() -> None:
    """The converter stores equal constants once."""
    picture = keras.Input((8, 8, 3), dtype="uint8", name="picture")
    x = keras.layers.Rescaling(1 / 255)(picture)
    x = keras.layers.Conv2D(4, 3, use_bias=False, activation="relu")(x)
    x = keras.layers.Conv2D(4, 3, use_bias=False)(x)
    network = keras.Model(picture, keras.layers.Flatten()(x))
    fixed = with_batch_of_one(convert_to_tflite(network))
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)

    def biases(content: bytes) -> list[int]:
        graph = Network(content)
        return [
            operator.inputs[2] for operator in graph.graph.operators if graph.code(operator) in CONVOLUTIONS
        ]

    rounded = with_rounded_weights(fixed, pictures)
    assert len(set(biases(fixed))) == 1
    assert len(set(biases(rounded))) == 2
    for one in pictures[:, np.newaxis]:
        np.testing.assert_allclose(Engine(rounded).run(one), Engine(fixed).run(one), atol=0.02)
