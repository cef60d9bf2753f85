"""Weights of the layers of a pretrained FastViT, from the tensors of its published file.

Parallel branches are linear, so one convolution has the sum of their kernels. BatchNorm of
inference is linear too, and goes into the convolution before it, or the attention behind it;
LayerScale goes into the layer before it.
"""

from __future__ import annotations

import numpy as np

from core.models.architectures.torch_layout import Tensors, attention, pair
from core.models.published.fastvit import HEAD_WIDTH, FastViT

_EPSILON = 1e-5  # of BatchNorm
_Weights = dict[str, list[np.ndarray]]
_Linear = tuple[np.ndarray, np.ndarray]  # kernel (outputs, inputs, rows, columns) and bias


def layer_weights(fastvit: FastViT, tensors: Tensors) -> _Weights:
    """Weights of each layer of ``fastvit.build_fastvit``, by its name."""
    positions, bias = pair(tensors, f"stages.{fastvit.last_stage}.pos_emb.pos_enc")
    weights = {
        "stem0": _convolution(_branches(tensors, "stem.0")),
        "stem1": _depthwise(_branches(tensors, "stem.1")),
        "stem2": _convolution(_branches(tensors, "stem.2")),
        "positions": _depthwise((positions + _identity(positions.shape), bias)),
        "last": _depthwise(_branches(tensors, "final_conv"), fastvit.widths[-1]),
        **_squeeze(tensors, "final_conv.se", "last"),
    }
    for stage, depth in enumerate(fastvit.depths):
        if stage:
            weights |= _halving(fastvit, tensors, stage)
        for number in range(depth):
            source, name = f"stages.{stage}.blocks.{number}", f"stage{stage}_block{number}"
            is_last = stage == fastvit.last_stage
            weights |= (_attention_block if is_last else _block)(tensors, source, name)
    return weights


def _halving(fastvit: FastViT, tensors: Tensors, stage: int) -> _Weights:
    source, name = f"stages.{stage}.downsample.proj", f"stage{stage}_halving"
    large = _normed(tensors, f"{source}.0.large_conv")
    small = _normed(tensors, f"{source}.0.small_conv")
    weights = {
        f"{name}_depthwise": _depthwise(_added(large, small), fastvit.widths[stage - 1]),
        f"{name}_pointwise": _convolution(_branches(tensors, f"{source}.1")),
    }
    return weights | _squeeze(tensors, f"{source}.0.se", name) if fastvit.squeezing[stage] else weights


def _block(tensors: Tensors, source: str, name: str) -> _Weights:
    """A block that mixes positions by a convolution: x + scale * (mixer(x) - norm(x))."""
    scale = tensors[f"{source}.token_mixer.layer_scale.gamma"]
    kernel, bias = _branches(tensors, f"{source}.token_mixer.mixer")
    factor, offset = _scale_and_offset(tensors, f"{source}.token_mixer.norm.identity")
    identity = _identity(kernel.shape)
    mixing = kernel - factor[:, None, None, None] * identity, bias - offset
    return {
        f"{name}_mixing": _depthwise((identity + scale[..., None] * mixing[0], scale.ravel() * mixing[1])),
        **_mlp(tensors, f"{source}.mlp", name, tensors[f"{source}.layer_scale.gamma"].ravel()),
    }


def _attention_block(tensors: Tensors, source: str, name: str) -> _Weights:
    factor, offset = _scale_and_offset(tensors, f"{source}.norm")
    kernel = tensors[f"{source}.token_mixer.qkv.weight"]
    queries_keys_values = zip(np.split(kernel * factor, 3), np.split(kernel @ offset, 3), strict=True)
    return {
        f"{name}_attention": attention(
            len(factor) // HEAD_WIDTH,
            list(queries_keys_values),
            pair(tensors, f"{source}.token_mixer.proj"),
            tensors[f"{source}.layer_scale_1.gamma"].ravel(),
        ),
        **_mlp(tensors, f"{source}.mlp", name, tensors[f"{source}.layer_scale_2.gamma"].ravel()),
    }


def _mlp(tensors: Tensors, source: str, name: str, scale: np.ndarray) -> _Weights:
    kernel, bias = pair(tensors, f"{source}.fc2")
    return {
        f"{name}_depthwise": _depthwise(_normed(tensors, f"{source}.conv")),
        f"{name}_wide": _convolution(pair(tensors, f"{source}.fc1")),
        f"{name}_narrow": _convolution((scale[:, None, None, None] * kernel, scale * bias)),
    }


def _squeeze(tensors: Tensors, source: str, name: str) -> _Weights:
    return {
        f"{name}_squeeze": _convolution(pair(tensors, f"{source}.fc1")),
        f"{name}_excite": _convolution(pair(tensors, f"{source}.fc2")),
    }


def _branches(tensors: Tensors, name: str) -> _Linear:
    """Sum of the parallel branches that the file holds: a convolution, one of 1 × 1, and none."""
    linear = _normed(tensors, f"{name}.conv_kxk.0")
    if f"{name}.conv_scale.conv.weight" in tensors:
        linear = _added(linear, _normed(tensors, f"{name}.conv_scale"))
    if f"{name}.identity.weight" in tensors:
        factor, offset = _scale_and_offset(tensors, f"{name}.identity")
        kernel = factor[:, None, None, None] * _identity(linear[0].shape)
        linear = linear[0] + kernel, linear[1] + offset
    return linear


def _added(large: _Linear, small: _Linear) -> _Linear:
    """Sum of two convolutions, the smaller one in the middle of the larger one."""
    border = (large[0].shape[-1] - small[0].shape[-1]) // 2
    padding = ((0, 0), (0, 0), (border, border), (border, border))
    return large[0] + np.pad(small[0], padding), large[1] + small[1]


def _normed(tensors: Tensors, name: str) -> _Linear:
    """A convolution with its BatchNorm."""
    factor, offset = _scale_and_offset(tensors, f"{name}.bn")
    return factor[:, None, None, None] * tensors[f"{name}.conv.weight"], offset


def _scale_and_offset(tensors: Tensors, name: str) -> _Linear:
    """BatchNorm of inference as a factor and an offset of each channel."""
    weight, bias = pair(tensors, name)
    factor = weight / np.sqrt(tensors[f"{name}.running_var"] + _EPSILON)
    return factor, bias - factor * tensors[f"{name}.running_mean"]


def _identity(shape: tuple[int, ...]) -> np.ndarray:
    """Kernel of a convolution that changes nothing; depthwise, or of 1 × 1."""
    outputs, inputs, rows, columns = shape
    kernel = np.zeros(shape, np.float32)
    channels = np.arange(outputs)
    kernel[channels, channels % inputs, rows // 2, columns // 2] = 1
    return kernel


def _convolution(linear: _Linear) -> list[np.ndarray]:
    kernel, bias = linear
    return [kernel.transpose(2, 3, 1, 0), bias]


def _depthwise(linear: _Linear, inputs: int | None = None) -> list[np.ndarray]:
    """Kernel (rows, columns, inputs, outputs of each) and bias."""
    kernel, bias = linear
    outputs, _, rows, columns = kernel.shape
    return [kernel.reshape(inputs or outputs, -1, rows, columns).transpose(2, 3, 0, 1), bias]
