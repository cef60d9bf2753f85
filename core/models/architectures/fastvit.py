"""FastViT, the image tower of MobileCLIP, in standard Keras layers.

The parallel branches of training, BatchNorm and LayerScale are folded into the layers that
remain (Vasu et al. 2023, arXiv 2303.14189, call it reparameterisation). Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers

from core.models.architectures.fastvit_weights import layer_weights
from core.models.published.fastvit import (
    HEAD_WIDTH,
    LAST_FACTOR,
    LAST_SQUEEZE,
    MIXING_KERNEL,
    STAGE_SQUEEZE,
    STEM_KERNEL,
    WIDE_KERNEL,
    FastViT,
    squeezed,
)


def build_fastvit(
    fastvit: FastViT, tensors: Mapping[str, np.ndarray] | None, *, size: int, name: str
) -> keras.Model:
    """Build a pretrained FastViT: preprocessed pictures (B, size, size, 3) in, feature map out.

    The map is float32 (B, ceil(size / 32), ceil(size / 32), feature_size); the mean over it is what the
    published projection into the space of captions reads.

    Args:
        tensors: those of the published file by name; None for random weights.
    """
    inputs = keras.Input((size, size, 3), name="preprocessed")
    first = fastvit.widths[0]
    x = _padded(inputs, STEM_KERNEL, "stem0")
    x = layers.Conv2D(first, STEM_KERNEL, 2, activation="gelu", name="stem0")(x)
    x = _depthwise(x, STEM_KERNEL, "stem1", halving=True, activation="gelu")
    x = layers.Conv2D(first, 1, activation="gelu", name="stem2")(x)
    for stage, (depth, width) in enumerate(zip(fastvit.depths, fastvit.widths, strict=True)):
        if stage:
            x = _halving(x, width, f"stage{stage}_halving", squeezing=fastvit.squeezing[stage])
        mixing = _mixed_by_convolution
        if stage == fastvit.last_stage:
            x = _depthwise(x, WIDE_KERNEL, "positions")
            mixing = _mixed_by_attention
        for number in range(depth):
            name_ = f"stage{stage}_block{number}"
            x = _mlp(mixing(x, name_), fastvit.mlp_factor, name_)
    x = _depthwise(x, STEM_KERNEL, "last", times_as_wide=LAST_FACTOR)
    x = _squeeze(x, LAST_SQUEEZE, "last")
    x = layers.Activation("gelu", name="last_gelu")(x)
    network = keras.Model(inputs, x, name=name)
    if tensors is not None:
        for layer, weights in layer_weights(fastvit, tensors).items():
            network.get_layer(layer).set_weights(weights)
    return network


def _padded(x: keras.KerasTensor, kernel: int, name: str) -> keras.KerasTensor:
    """Pad all sides alike, as PyTorch does: with two steps at once Keras's “same” pads some sides more."""
    return layers.ZeroPadding2D(kernel // 2, name=f"{name}_padding")(x)


def _depthwise(
    x: keras.KerasTensor,
    kernel: int,
    name: str,
    *,
    halving: bool = False,
    times_as_wide: int = 1,
    activation: str | None = None,
) -> keras.KerasTensor:
    if halving:
        x = _padded(x, kernel, name)
    layer = layers.DepthwiseConv2D(
        kernel,
        2 if halving else 1,
        padding="valid" if halving else "same",
        depth_multiplier=times_as_wide,
        activation=activation,
        name=name,
    )
    return layer(x)


def _halving(x: keras.KerasTensor, width: int, name: str, *, squeezing: bool) -> keras.KerasTensor:
    """Halve the sides of the map and widen it."""
    y = _depthwise(x, WIDE_KERNEL, f"{name}_depthwise", halving=True, times_as_wide=width // x.shape[-1])
    if squeezing:
        y = _squeeze(y, STAGE_SQUEEZE, name)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)
    return layers.Conv2D(width, 1, activation="gelu", name=f"{name}_pointwise")(y)


def _squeeze(x: keras.KerasTensor, factor: int, name: str) -> keras.KerasTensor:
    """Squeeze and excitation: scale each channel by what all channels are on average."""
    width = x.shape[-1]
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
    y = layers.Conv2D(squeezed(width, factor), 1, activation="relu", name=f"{name}_squeeze")(y)
    y = layers.Conv2D(width, 1, activation="sigmoid", name=f"{name}_excite")(y)
    return layers.Multiply(name=f"{name}_scaled")([x, y])


def _mixed_by_convolution(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return _depthwise(x, MIXING_KERNEL, f"{name}_mixing")


def _mixed_by_attention(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    _, rows, columns, width = x.shape
    tokens = layers.Reshape((rows * columns, width), name=f"{name}_tokens")(x)
    attention = layers.MultiHeadAttention(width // HEAD_WIDTH, HEAD_WIDTH, name=f"{name}_attention")
    y = layers.Reshape((rows, columns, width), name=f"{name}_grid")(attention(tokens, tokens))
    return layers.Add(name=f"{name}_attention_add")([x, y])


def _mlp(x: keras.KerasTensor, factor: int, name: str) -> keras.KerasTensor:
    """Depthwise convolution, then two dense layers at each position, with a residual connection."""
    width = x.shape[-1]
    y = _depthwise(x, WIDE_KERNEL, f"{name}_depthwise")
    y = layers.Conv2D(factor * width, 1, activation="gelu", name=f"{name}_wide")(y)
    y = layers.Conv2D(width, 1, name=f"{name}_narrow")(y)
    return layers.Add(name=f"{name}_add")([x, y])
