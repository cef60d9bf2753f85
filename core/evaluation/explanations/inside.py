"""Arithmetic of a network's layers on one picture: convolution, pooling and the last dense layer, with real numbers.

Every worked example ends in the number that the network computes at that place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.evaluation.explanations.class_activation import pool
from core.models.head import HeadWeights, MapPooling
from core.models.litert.inspection import Layer, LayerKind, Nonlinearity, layers_of, tensor_of

_RELU6_LIMIT = 6.0
PATCH = 5  # rows and columns that are shown, or those of a larger window


@dataclass(frozen=True, kw_only=True)
class WorkedExample:
    """One output of one layer, computed from the patch of the layer's input that it depends on."""

    layer: Layer
    row: int  # of the output
    column: int
    channel: int
    patch: np.ndarray  # float (P, P, C), around the window; NaN outside the picture
    window: tuple[int, int]  # first row and column of the window in the patch
    sums: np.ndarray  # float (C,): products of kernel and window, summed; empty for pooling
    value: float  # as computed here
    network_value: float  # as the network computed it

    @property
    def inside_window(self) -> np.ndarray:
        """Numbers in the window, float (h, w, C)."""
        (top, left), (height, width) = self.window, self.layer.window
        return self.patch[top : top + height, left : left + width]


def shown_layers(content: bytes) -> tuple[Layer, ...]:
    """List the layers that move or combine neighbouring values; 1 × 1 convolutions only mix channels."""
    return tuple(layer for layer in layers_of(content) if layer.window != (1, 1))


def strongest_channels(values: np.ndarray, count: int) -> list[int]:
    """Channels of a feature map float (H, W, F) with the highest values, the highest first."""
    return np.argsort(-values.max(axis=(0, 1)), kind="stable")[:count].tolist()


def work_out(content: bytes, layer: Layer, picture: np.ndarray, after: np.ndarray) -> WorkedExample:
    """Work out the strongest output of a layer.

    Args:
        picture: uint8 RGB (S, S, 3).
        after: the layer's output for it, float (H, W, F).
    """
    before = tensor_of(content, layer.input_tensor, picture)
    # A number at the upper limit of ReLU6 would hide the sum that leads to it.
    open_ended = (
        np.where(after < _RELU6_LIMIT, after, 0) if layer.nonlinearity is Nonlinearity.RELU6 else after
    )
    row, column, channel = (int(index) for index in np.unravel_index(open_ended.argmax(), after.shape))
    if layer.kind is not LayerKind.CONVOLUTION:
        before = before[..., channel : channel + 1]  # each channel by itself
    patch, window = _patch(before, layer, row, column)
    example = WorkedExample(
        layer=layer,
        row=row,
        column=column,
        channel=channel,
        patch=patch,
        window=window,
        sums=np.empty(0),
        value=0.0,
        network_value=float(after[row, column, channel]),
    )
    return _computed(example)


def kernel_of(example: WorkedExample) -> np.ndarray:
    """Weights of the example's channel, float (h, w, C)."""
    layer = example.layer
    if layer.kind is LayerKind.DEPTHWISE:
        return layer.kernel[0, :, :, example.channel : example.channel + 1]
    return layer.kernel[example.channel]


@dataclass(frozen=True, kw_only=True)
class DenseTerm:
    """One product in the last dense layer's sum for a class."""

    number: int  # of the feature or hidden unit
    value: float
    weight: float

    @property
    def product(self) -> float:
        return self.value * self.weight


@dataclass(frozen=True, kw_only=True)
class DenseSum:
    """Score of a class in the last dense layer: its largest products, the rest and the bias."""

    terms: tuple[DenseTerm, ...]
    rest: float
    others: int  # products in the rest
    bias: float
    score: float
    probability: float


def dense_sum(
    feature_map: np.ndarray, head: HeadWeights, pooling: MapPooling, class_index: int, count: int
) -> DenseSum:
    """Work out the last dense layer for a feature map float32 (H, W, F).

    Its inputs are the standardised features, or the outputs of the last hidden layer.
    """
    features = pool(feature_map[np.newaxis], pooling)
    inputs = ((features - head.feature_mean) / head.feature_scale)[0]
    for kernel, bias in head.layers[:-1]:
        inputs = np.maximum(inputs @ kernel + bias, 0)
    kernel, bias = head.layers[-1]
    products = inputs * kernel[:, class_index]
    order = np.argsort(-np.abs(products), kind="stable")
    terms = tuple(
        DenseTerm(number=number, value=float(inputs[number]), weight=float(kernel[number, class_index]))
        for number in order[:count].tolist()
    )
    return DenseSum(
        terms=terms,
        rest=float(products[order[count:]].sum()),
        others=max(0, len(products) - count),
        bias=float(bias[class_index]),
        score=float(products.sum() + bias[class_index]),
        probability=float(head.probabilities(features)[0, class_index]),
    )


def _patch(values: np.ndarray, layer: Layer, row: int, column: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Cut out the neighbourhood of an output's window; NaN outside."""
    starts = [
        position * layer.stride - _padding(layer, axis, values.shape[axis])
        for axis, position in enumerate((row, column))
    ]
    margins = [max(0, PATCH - length) // 2 for length in layer.window]
    sides = [max(PATCH, length) for length in layer.window]
    reach = max(*sides, *layer.window)
    padded = np.pad(values, ((reach, reach), (reach, reach), (0, 0)), constant_values=np.nan)
    top, left = (start - margin + reach for start, margin in zip(starts, margins, strict=True))
    return padded[top : top + sides[0], left : left + sides[1]], (margins[0], margins[1])


def _padding(layer: Layer, axis: int, length: int) -> int:
    """Zeros before the first value, as TensorFlow places them for "same"."""
    if not layer.is_padded:
        return 0
    total = (layer.output_shape[axis] - 1) * layer.stride + layer.window[axis] - length
    return max(0, total) // 2


def _computed(example: WorkedExample) -> WorkedExample:
    layer, window = example.layer, example.inside_window
    if layer.kind is LayerKind.MAX_POOLING:
        return replace(example, value=float(np.nanmax(window)))
    if layer.kind is LayerKind.AVERAGE_POOLING:
        return replace(example, value=float(np.nanmean(window)))
    sums = (np.nan_to_num(window) * kernel_of(example)).sum(axis=(0, 1))
    total = float(sums.sum() + layer.bias[example.channel])
    if layer.nonlinearity is not Nonlinearity.NONE:
        total = max(0.0, total)
    if layer.nonlinearity is Nonlinearity.RELU6:
        total = min(_RELU6_LIMIT, total)
    return replace(example, sums=sums, value=total)
