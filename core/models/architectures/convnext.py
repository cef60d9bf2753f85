"""ConvNeXt V2 in standard Keras layers, with its published weights.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers

from core.models.architectures.torch_layout import convolution, dense, depthwise, pair
from core.models.published.convnext import KERNEL, PATCH_SIZE, WIDER, ConvNeXt

_EPSILON = 1e-6
_TINY = 1e-24  # below any square that matters; without it a channel of zeros has no gradient


def build_convnext(
    convnext: ConvNeXt, tensors: Mapping[str, np.ndarray] | None, *, size: int, name: str
) -> keras.Model:
    """Build a pretrained ConvNeXt V2: preprocessed pictures (B, size, size, 3) in, feature map out.

    The map is float32 (B, size / 32, size / 32, feature_size). The published network normalises the
    mean over the map; here each cell is normalised by the mean and the variance of that mean, so the
    mean over the map is what the published head reads.

    Args:
        tensors: those of the published file by name; None for random weights.
    """
    inputs = keras.Input((size, size, 3), name="preprocessed")
    x = layers.Conv2D(convnext.widths[0], PATCH_SIZE, PATCH_SIZE, name="patches")(inputs)
    x = _norm(x, "patches_norm")
    for stage, (depth, width) in enumerate(zip(convnext.depths, convnext.widths, strict=True)):
        if stage:
            x = _norm(x, f"stage{stage}_halving_norm")
            x = layers.Conv2D(width, 2, 2, name=f"stage{stage}_halving")(x)
        for number in range(depth):
            x = _block(x, f"stage{stage}_block{number}")
    network = keras.Model(inputs, _normalised(x), name=name)
    if tensors is not None:
        for layer, weights in _layer_weights(convnext, tensors).items():
            network.get_layer(layer).set_weights(weights)
    return network


def _norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.LayerNormalization(epsilon=_EPSILON, name=name)(x)


def _block(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Depthwise convolution, then two dense layers at each position, with a residual connection."""
    width = x.shape[-1]
    y = layers.DepthwiseConv2D(KERNEL, padding="same", name=f"{name}_depthwise")(x)
    y = _norm(y, f"{name}_norm")
    y = layers.Conv2D(WIDER * width, 1, activation="gelu", name=f"{name}_wide")(y)
    y = _global_response(y, f"{name}_response")
    y = layers.Conv2D(width, 1, name=f"{name}_narrow")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def _global_response(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Global Response Normalization: scale each channel by its size, relative to the others'.

    A channel's size is the root of the mean of its squares. In the publication it is the root of
    the sum, which differs by a factor that the division removes.
    """
    side = x.shape[1]
    squares = layers.Multiply(dtype="float32", name=f"{name}_squares")([x, x])
    squares = layers.GlobalAveragePooling2D(keepdims=True, dtype="float32", name=f"{name}_mean")(squares)
    sizes = keras.ops.sqrt(squares + _TINY)
    relative = sizes / (keras.ops.mean(sizes, axis=-1, keepdims=True) + _EPSILON / side)
    # The learnt scales, one a channel.
    scales = layers.DepthwiseConv2D(1, use_bias=False, dtype="float32", name=name)(relative)
    return layers.Multiply(name=f"{name}_scaled")([x, 1.0 + scales])


def _normalised(x: keras.KerasTensor) -> keras.KerasTensor:
    """Normalise each cell as the LayerNorm of the mean over the map does it with that mean."""
    middle = layers.GlobalAveragePooling2D(keepdims=True, dtype="float32", name="map_mean")(x)
    mean = keras.ops.mean(middle, axis=-1, keepdims=True)
    variance = keras.ops.mean(keras.ops.square(middle - mean), axis=-1, keepdims=True)
    x = layers.Subtract(dtype="float32", name="centred")([x, mean])
    x = layers.Multiply(dtype="float32", name="normalised")([x, keras.ops.rsqrt(variance + _EPSILON)])
    return layers.DepthwiseConv2D(1, dtype="float32", name="norm")(x)


def _layer_weights(convnext: ConvNeXt, tensors: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Weights of each layer of the network, by its name."""
    scale, offset = pair(tensors, "head.norm")
    weights = {
        "patches": convolution(tensors, "stem.0"),
        "patches_norm": list(pair(tensors, "stem.1")),
        "norm": [scale.reshape(1, 1, -1, 1), offset],
    }
    for stage, depth in enumerate(convnext.depths):
        if stage:
            source = f"stages.{stage}.downsample"
            weights[f"stage{stage}_halving_norm"] = list(pair(tensors, f"{source}.0"))
            weights[f"stage{stage}_halving"] = convolution(tensors, f"{source}.1")
        for number in range(depth):
            weights |= _block_weights(
                tensors, f"stages.{stage}.blocks.{number}", f"stage{stage}_block{number}"
            )
    return weights


def _block_weights(tensors: Mapping[str, np.ndarray], source: str, name: str) -> dict[str, list[np.ndarray]]:
    scales, offsets = pair(tensors, f"{source}.mlp.grn")
    kernel, bias = dense(tensors, f"{source}.mlp.fc2")
    return {
        f"{name}_depthwise": depthwise(tensors, f"{source}.conv_dw"),
        f"{name}_norm": list(pair(tensors, f"{source}.norm")),
        f"{name}_wide": _at_each_position(*dense(tensors, f"{source}.mlp.fc1")),
        f"{name}_response": [scales.reshape(1, 1, -1, 1)],
        f"{name}_narrow": _at_each_position(kernel, bias + offsets @ kernel),
    }


def _at_each_position(kernel: np.ndarray, bias: np.ndarray) -> list[np.ndarray]:
    """Weights of a convolution of 1 × 1, from those of a dense layer."""
    return [kernel[None, None], bias]
