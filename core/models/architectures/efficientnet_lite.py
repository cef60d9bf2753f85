"""EfficientNet-Lite0, 1 and 2 in Keras, with their published weights.

Source: EfficientNet (Tan & Le 2019, arXiv 1905.11946) in the Lite variant. It has no
squeeze-and-excitation, uses ReLU6 and does not scale stem and head, so that it quantizes
well and runs fast on a CPU.

Imported by worker processes only: needs Keras with a backend that can train.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

FEATURE_SIZE = 1280
_STEM_FILTERS = 32
_IMAGENET_CLASSES = 1000
_BATCH_NORM_EPSILON = 1e-3
_FILTERS_DIVISOR = 8


class LiteVariant(NamedTuple):
    """Scaling of one network of the family from the smallest one."""

    width: float  # factor of the filters of every block
    depth: float  # factor of the blocks of every stage but the first and the last
    input_size: int


LITE_VARIANTS = {
    "lite0": LiteVariant(1.0, 1.0, 224),
    "lite1": LiteVariant(1.0, 1.1, 240),
    "lite2": LiteVariant(1.1, 1.2, 260),
}


@dataclass(frozen=True)
class Stage:
    """Stage: consecutive blocks that share a kernel size; the first one applies the stride."""

    blocks: int
    kernel_size: int
    strides: int
    expansion: int
    filters: int


_STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def build_lite(
    variant: LiteVariant,
    weights: dict[str, np.ndarray] | None,
    include_top: bool = False,
    name: str = "efficientnet_lite",
) -> keras.Model:
    """Build an EfficientNet-Lite for preprocessed pictures.

    The input is float, shape (B, S, S, 3), RGB, ``(x - 127) / 128``. The output is
    the feature map (B, ceil(S / 32), ceil(S / 32), 1280), or with ``include_top``
    the logits of the 1000 ImageNet classes.

    Args:
        weights: tensors under their names in the published file; None for random.
    """
    inputs = keras.Input((variant.input_size, variant.input_size, 3), name="preprocessed")
    x = layers.Conv2D(_STEM_FILTERS, 3, 2, padding="same", use_bias=False, name="stem_conv")(inputs)
    x = _normalise(x, "stem_norm", relu=True)
    index = 0
    for stage in scaled_stages(variant):
        for repeat in range(stage.blocks):
            x = _block(x, stage, stage.strides if repeat == 0 else 1, f"block{index}")
            index += 1
    x = layers.Conv2D(FEATURE_SIZE, 1, use_bias=False, name="head_conv")(x)
    x = _normalise(x, "head_norm", relu=True)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(_IMAGENET_CLASSES, name="logits")(x)
    model = keras.Model(inputs, x, name=name)
    if weights is not None:
        _load(model, weights, include_top)
    return model


def scaled_stages(variant: LiteVariant) -> list[Stage]:
    """Scale the stages to the width and depth of a variant; stem and head are not scaled."""
    inner = range(1, len(_STAGES) - 1)
    return [
        replace(
            stage,
            blocks=math.ceil(stage.blocks * variant.depth) if number in inner else stage.blocks,
            filters=_rounded(stage.filters * variant.width),
        )
        for number, stage in enumerate(_STAGES)
    ]


def _rounded(filters: float) -> int:
    """Round to a multiple of 8: the nearest, or the next if that removes more than a tenth."""
    nearest = int(filters + _FILTERS_DIVISOR / 2) // _FILTERS_DIVISOR * _FILTERS_DIVISOR
    return nearest if nearest >= 0.9 * filters else nearest + _FILTERS_DIVISOR


def _block(x: keras.KerasTensor, stage: Stage, strides: int, name: str) -> keras.KerasTensor:
    """Build an inverted residual block: expand, depthwise convolution, project; add the input if shapes agree."""
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
