"""Weights of PyTorch's layers in the layout of Keras's.

PyTorch keeps outputs first, Keras keeps them last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Tensors = Mapping[str, np.ndarray]


def pair(tensors: Tensors, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a layer as they are."""
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def dense(tensors: Tensors, name: str, scale: np.ndarray | None = None) -> list[np.ndarray]:
    """Kernel (inputs, outputs) and bias of a dense layer, each output multiplied by ``scale``."""
    return scaled(pair(tensors, name), scale)


def convolution(tensors: Tensors, name: str) -> list[np.ndarray]:
    """Kernel (rows, columns, inputs, outputs) and bias of a convolution."""
    kernel, bias = pair(tensors, name)
    return [kernel.transpose(2, 3, 1, 0), bias]


def depthwise(tensors: Tensors, name: str) -> list[np.ndarray]:
    """Kernel (rows, columns, channels, 1) and bias of a depthwise convolution."""
    kernel, bias = pair(tensors, name)
    return [kernel.transpose(2, 3, 0, 1), bias]


def attention(
    heads: int,
    projections: Sequence[tuple[np.ndarray, np.ndarray]],
    output: tuple[np.ndarray, np.ndarray],
    scale: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Weights of Keras's MultiHeadAttention: of queries, keys and values, then of the output.

    Args:
        scale: of each number of the output.
    """
    weights = []
    for kernel, bias in projections:
        weights += [kernel.T.reshape(kernel.shape[1], heads, -1), bias.reshape(heads, -1)]
    kernel, bias = scaled(output, scale)
    return [*weights, kernel.reshape(heads, -1, len(bias)), bias]


def scaled(layer: tuple[np.ndarray, np.ndarray], scale: np.ndarray | None) -> list[np.ndarray]:
    """Kernel (inputs, outputs) and bias of a dense layer whose outputs are scaled."""
    kernel, bias = layer
    return [kernel.T, bias] if scale is None else [kernel.T * scale, bias * scale]
