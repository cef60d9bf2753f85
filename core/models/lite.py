"""EfficientNet-Lite0 in Keras, and how the published weights fit into it.

Source: EfficientNet (Tan & Le 2019, arXiv 1905.11946) in the Lite variant, which
leaves out squeeze-and-excitation, uses ReLU6 and keeps stem and head unscaled so
that the network quantizes well and runs fast on a CPU.

Imported by worker processes only: needs Keras with a backend that can train.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

INPUT_SIZE = 224
FEATURE_SIZE = 1280
_STEM_FILTERS = 32
_IMAGENET_CLASSES = 1000
_BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class _Stage:
    """Blocks in a row that share a kernel size; the first one applies the stride."""

    blocks: int
    kernel_size: int
    strides: int
    expansion: int
    filters: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def build_lite0(
    weights: dict[str, np.ndarray] | None, include_top: bool = False, name: str = "efficientnet_lite0"
) -> keras.Model:
    """EfficientNet-Lite0 for pictures that are already preprocessed.

    The input is float, shape (B, 224, 224, 3), RGB, ``(x - 127) / 128``. The
    output is the feature map (B, 7, 7, 1280), or with ``include_top`` the logits
    of the 1000 ImageNet classes.

    Args:
        weights: tensors under their names in the published file; None for random.
    """
    inputs = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="preprocessed")
    x = layers.Conv2D(_STEM_FILTERS, 3, 2, padding="same", use_bias=False, name="stem_conv")(inputs)
    x = _normalise(x, "stem_norm", relu=True)
    index = 0
    for stage in _STAGES:
        for repeat in range(stage.blocks):
            x = _block(x, stage, stage.strides if repeat == 0 else 1, f"block{index}")
            index += 1
    x = layers.Conv2D(FEATURE_SIZE, 1, use_bias=False, name="head_conv")(x)
    x = _normalise(x, "head_norm", relu=True)  # (B, 7, 7, 1280)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(_IMAGENET_CLASSES, name="logits")(x)
    model = keras.Model(inputs, x, name=name)
    if weights is not None:
        _load(model, weights, include_top)
    return model


def _block(x: keras.KerasTensor, stage: _Stage, strides: int, name: str) -> keras.KerasTensor:
    """Widen, filter each channel, narrow; add the input where the shape allows."""
    inputs = x
    filters_in = x.shape[-1]
    if stage.expansion != 1:
        x = layers.Conv2D(filters_in * stage.expansion, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _normalise(x, f"{name}_expand_norm", relu=True)
    x = layers.DepthwiseConv2D(
        stage.kernel_size, strides, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = _normalise(x, f"{name}_depthwise_norm", relu=True)
    x = layers.Conv2D(stage.filters, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _normalise(x, f"{name}_project_norm", relu=False)
    if strides == 1 and filters_in == stage.filters:
        x = layers.Add(name=f"{name}_add")([inputs, x])
    return x


def _normalise(x: keras.KerasTensor, name: str, *, relu: bool) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=_BATCH_NORM_EPSILON, name=name)(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x


def _load(model: keras.Model, weights: dict[str, np.ndarray], include_top: bool) -> None:
    """Fill every layer; a tensor that is missing or left over is a bug."""
    left = {name for name in weights if not name.endswith("num_batches_tracked")}
    if not include_top:
        left -= {"_fc.weight", "_fc.bias"}
    for layer in model.layers:
        if layer.weights:
            names = _tensor_names(layer)
            layer.set_weights([_to_keras_layout(weights[name], layer) for name in names])
            left -= set(names)
    if left:
        raise AssertionError(f"weights that no layer took: {sorted(left)}")


def _tensor_names(layer: keras.Layer) -> list[str]:
    """The names in the published file of a layer's weights, in Keras's order."""
    block, _, part = layer.name.rpartition("_")
    block, _, role = block.rpartition("_")  # "block3_expand_conv" -> block3, expand
    if layer.name == "logits":
        return ["_fc.weight", "_fc.bias"]
    if not block:  # stem and head stand outside the blocks
        stem = layer.name.startswith("stem")
        prefix = {"conv": "_conv_stem" if stem else "_conv_head", "norm": "_bn0" if stem else "_bn1"}[part]
    elif part == "conv":
        prefix = f"_blocks.{block.removeprefix('block')}._{role}_conv"
    else:
        number = {"expand": 0, "depthwise": 1, "project": 2}[role]
        prefix = f"_blocks.{block.removeprefix('block')}._bn{number}"
    if part == "conv":
        return [f"{prefix}.weight"]
    return [f"{prefix}.{name}" for name in ("weight", "bias", "running_mean", "running_var")]


def _to_keras_layout(tensor: np.ndarray, layer: keras.Layer) -> np.ndarray:
    """PyTorch keeps output channels first, Keras keeps them last."""
    if isinstance(layer, layers.DepthwiseConv2D):
        return tensor.transpose(2, 3, 0, 1)
    if isinstance(layer, layers.Conv2D):
        return tensor.transpose(2, 3, 1, 0)
    return tensor.T
