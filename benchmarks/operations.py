"""Arithmetic operations of a network for one picture, counted from its Keras layers."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers


def count_operations(model: keras.Model) -> int:
    """Floating-point operations for one picture: two for each multiply-add.

    Counts convolutions, depthwise convolutions and dense layers, inner networks
    included. The rest (normalisation, activation, pooling) is a few percent.
    """
    return sum(
        count_operations(layer) if isinstance(layer, keras.Model) else _of_layer(layer)
        for layer in model.layers
    )


def _of_layer(layer: Any) -> int:
    if isinstance(layer, layers.Dense):
        return 2 * math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
        _, height, width, _ = layer.output.shape  # channels last
        return 2 * math.prod(layer.kernel.shape) * height * width
    if isinstance(layer, layers.SeparableConv2D | layers.Conv2DTranspose):
        raise NotImplementedError(f"no rule counts {type(layer).__name__} yet")
    return 0
