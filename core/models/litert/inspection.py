"""Layers of a LiteRT network, their outputs for a picture, and their kernels.

Read from the converted file, so that a page can show the inside of a network without TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core.models.litert.engine import Engine
from core.models.litert.rewriting import Graph, with_output


class LayerKind(StrEnum):
    """Kind of a layer that can be shown."""

    CONVOLUTION = "convolution"
    DEPTHWISE = "depthwise"  # each channel has a kernel of its own
    MAX_POOLING = "max_pooling"
    AVERAGE_POOLING = "average_pooling"


class Nonlinearity(StrEnum):
    """Function applied to the sums of a convolution."""

    NONE = "none"
    RELU = "relu"
    RELU6 = "relu6"


_KINDS = {
    schema.BuiltinOperator.CONV_2D: (LayerKind.CONVOLUTION, schema.Conv2DOptions),
    schema.BuiltinOperator.DEPTHWISE_CONV_2D: (LayerKind.DEPTHWISE, schema.DepthwiseConv2DOptions),
    schema.BuiltinOperator.MAX_POOL_2D: (LayerKind.MAX_POOLING, schema.Pool2DOptions),
    schema.BuiltinOperator.AVERAGE_POOL_2D: (LayerKind.AVERAGE_POOLING, schema.Pool2DOptions),
}
_NONLINEARITIES = {
    schema.ActivationFunctionType.NONE: Nonlinearity.NONE,
    schema.ActivationFunctionType.RELU: Nonlinearity.RELU,
    schema.ActivationFunctionType.RELU6: Nonlinearity.RELU6,
}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One convolution or pooling layer of a network."""

    number: int  # from 1, in the order of computation
    kind: LayerKind
    input_tensor: int
    output_tensor: int
    output_shape: tuple[int, int, int]  # height, width, channels
    window: tuple[int, int]  # height and width of the kernel or the pooling window
    stride: int
    is_padded: bool  # zeros around the input, so that the output is as large ("same")
    nonlinearity: Nonlinearity
    # Empty for pooling: (out, height, width, in); for depthwise (1, height, width, channels).
    kernel: np.ndarray
    bias: np.ndarray  # (out,)


def layers_of(content: bytes) -> tuple[Layer, ...]:
    """List the convolution and pooling layers of a LiteRT file, in the order of their computation."""
    graph = Graph(bytearray(content))
    found = [(operator, _KINDS[code]) for operator, code in graph.operators if code in _KINDS]
    return tuple(
        _layer(graph, operator, number, kind, options)
        for number, (operator, (kind, options)) in enumerate(found, start=1)
    )


def tensor_of(content: bytes, tensor: int, picture: np.ndarray) -> np.ndarray:
    """Compute one tensor, float32 (H, W, F), for a picture uint8 RGB (S, S, 3)."""
    (values,) = Engine(with_output(content, tensor)).run(picture[np.newaxis])
    return values


def _layer(graph: Graph, operator: object, number: int, kind: LayerKind, options_type: type) -> Layer:
    options = graph.options(operator, options_type)
    is_pooling = options_type is schema.Pool2DOptions
    inputs, (output,) = graph.inputs_of(operator), graph.outputs_of(operator)
    kernel = np.empty(0, np.float32) if is_pooling else graph.constant(inputs[1])
    bias = np.empty(0, np.float32) if is_pooling else graph.constant(inputs[2])
    window = (options.FilterHeight(), options.FilterWidth()) if is_pooling else kernel.shape[1:3]
    height, width, channels = graph.shape(output)[1:]
    return Layer(
        number=number,
        kind=kind,
        input_tensor=inputs[0],
        output_tensor=output,
        output_shape=(height, width, channels),
        window=(int(window[0]), int(window[1])),
        stride=options.StrideH(),
        is_padded=options.Padding() == schema.Padding.SAME,
        nonlinearity=_NONLINEARITIES.get(options.FusedActivationFunction(), Nonlinearity.NONE),
        kernel=kernel,
        bias=bias,
    )
