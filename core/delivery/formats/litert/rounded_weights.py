"""Weights of a LiteRT classifier that lose little in 8 bits: multiples of a step, chosen on sample pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from core.delivery.formats.litert.network import Network, text_of
from core.delivery.formats.weight_rounding import PICTURES, Convolution, InputMoments, rounded
from core.devices import cpu_cores

# Steps from 0 to the largest weight: of the signed numbers of 8 bits, -128 is not used.
_LEVELS = 127
_INPUT, _KERNEL, _BIAS = range(3)
_CONVOLUTION, _DEPTHWISE = schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D


def with_rounded_weights(content: bytes, pictures: np.ndarray) -> bytes:
    """Round the weights of the convolutions in a file with a batch of 1.

    Args:
        pictures: uint8 (n, S, S, 3), n above 0.
    """
    network = Network(content)
    layers = {operator.outputs[0]: (operator, layer) for operator, layer in _convolutions(network)}
    moments = {tensor: InputMoments() for tensor in layers}
    random = np.random.default_rng(0)
    for feature_map in _runs(content, pictures[:PICTURES]):
        for tensor, (operator, layer) in layers.items():
            height, width = network.graph.tensors[tensor].shape[1:3]
            source = feature_map(operator.inputs[_INPUT])
            moments[tensor].add(layer.drawn_inputs(source, (height, width), random))
    for tensor, (operator, layer) in layers.items():
        weights, correction = rounded(layer.rows, moments[tensor], _LEVELS)
        kernel = _turned(network, operator, weights.reshape(layer.kernel.shape))
        _replace(network, operator.inputs[_KERNEL], kernel)
        bias = _constant(network, operator.inputs[_BIAS])
        _own_bias(network, operator)
        _replace(network, operator.inputs[_BIAS], bias + correction.ravel())
    return network.to_bytes()


def _convolutions(network: Network) -> Iterator[tuple[Any, Convolution]]:
    """Find the convolutions with kernels of their own and a bias."""
    for operator in network.graph.operators:
        weights = operator.inputs[_KERNEL:]
        is_fixed = len(weights) > 1 and all(n >= 0 and network.is_constant(n) for n in weights)
        is_convolution = network.code(operator) in (_CONVOLUTION, _DEPTHWISE)
        if is_convolution and is_fixed and _readers(network, operator.inputs[_KERNEL]) == 1:
            layer = _convolution(network, operator)
            if layer.can_be_rounded:
                yield operator, layer


def _convolution(network: Network, operator: Any) -> Convolution:
    kernel = _turned(network, operator, _constant(network, operator.inputs[_KERNEL]))
    source, result = (
        network.graph.tensors[number].shape for number in (operator.inputs[_INPUT], operator.outputs[0])
    )
    options = operator.builtinOptions
    stride = options.strideH, options.strideW
    padding = 0, 0
    if options.padding == schema.Padding.SAME:
        top, left = (
            max((result[axis] - 1) * stride[axis - 1] + kernel.shape[axis] - source[axis], 0) // 2
            for axis in (1, 2)
        )
        padding = top, left
    return Convolution(kernel=kernel, groups=source[3] // kernel.shape[3], stride=stride, padding=padding)


def _turned(network: Network, operator: Any, kernel: np.ndarray) -> np.ndarray:
    """Exchange the first and the last axis of depthwise kernels, which have their channels last."""
    return np.swapaxes(kernel, 0, 3) if network.code(operator) == _DEPTHWISE else kernel


def _runs(content: bytes, pictures: np.ndarray) -> Iterator[Callable[[int], np.ndarray]]:
    """Run the network on each picture, and give access to its feature maps: float32 (H, W, C) by tensor."""
    interpreter = Interpreter(
        model_content=content,
        num_threads=cpu_cores(),
        experimental_preserve_all_tensors=True,
        # Kernels of delegates compute several operators at once, and leave out what lies between them.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    for picture in pictures:
        interpreter.set_tensor(source["index"], picture[np.newaxis])
        interpreter.invoke()
        yield lambda tensor: interpreter.get_tensor(tensor)[0]


def _own_bias(network: Network, operator: Any) -> None:
    """Give an operator a bias that no other one reads; the converter stores equal ones, such as zeros, once."""
    number = operator.inputs[_BIAS]
    if _readers(network, number) > 1:
        own = copy(network.graph.tensors[number])
        own.name = f"{text_of(own.name)}_{operator.outputs[0]}"
        operator.inputs[_BIAS] = network.add_tensor(own)


def _readers(network: Network, tensor: int) -> int:
    return sum(int(tensor in operator.inputs) for operator in network.graph.operators)


def _constant(network: Network, tensor: int) -> np.ndarray:
    data = network.constant_bytes(tensor)
    assert data is not None, "weights are constants"
    return data.view(np.float32).reshape(network.graph.tensors[tensor].shape)


def _replace(network: Network, tensor: int, values: np.ndarray) -> None:
    # A buffer of its own: another tensor may share the old one.
    network.graph.tensors[tensor].buffer = network.add_buffer(np.ascontiguousarray(values).tobytes())
