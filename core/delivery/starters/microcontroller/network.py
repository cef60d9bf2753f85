"""An int8 LiteRT network rewritten for TensorFlow Lite Micro; it answers alike.

TensorFlow Lite Micro converts no bytes to float, which is how an int8 network begins, and widens weights with
one scale for all classes, although each class has its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core.delivery.formats.litert.network import Network
from core.errors import DeliveryError
from core.messages import N_

_OPERATORS = schema.BuiltinOperator
# Method of ``MicroMutableOpResolver`` that adds each operator, in esp-tflite-micro 1.4. Only those that networks
# for pictures use; what is missing here is refused.
RESOLVER_METHODS = {
    _OPERATORS.ADD: "AddAdd",
    _OPERATORS.AVERAGE_POOL_2D: "AddAveragePool2D",
    _OPERATORS.CONCATENATION: "AddConcatenation",
    _OPERATORS.CONV_2D: "AddConv2D",
    _OPERATORS.DEPTHWISE_CONV_2D: "AddDepthwiseConv2D",
    _OPERATORS.DEQUANTIZE: "AddDequantize",
    _OPERATORS.DIV: "AddDiv",
    _OPERATORS.EXP: "AddExp",
    _OPERATORS.FULLY_CONNECTED: "AddFullyConnected",
    _OPERATORS.HARD_SWISH: "AddHardSwish",
    _OPERATORS.LOG: "AddLog",
    _OPERATORS.LOGISTIC: "AddLogistic",
    _OPERATORS.MAX_POOL_2D: "AddMaxPool2D",
    _OPERATORS.MAXIMUM: "AddMaximum",
    _OPERATORS.MEAN: "AddMean",
    _OPERATORS.MINIMUM: "AddMinimum",
    _OPERATORS.MUL: "AddMul",
    _OPERATORS.NEG: "AddNeg",
    _OPERATORS.PAD: "AddPad",
    _OPERATORS.QUANTIZE: "AddQuantize",
    _OPERATORS.REDUCE_MAX: "AddReduceMax",
    _OPERATORS.REDUCE_MIN: "AddReduceMin",
    _OPERATORS.RELU: "AddRelu",
    _OPERATORS.RELU6: "AddRelu6",
    _OPERATORS.RESHAPE: "AddReshape",
    _OPERATORS.RSQRT: "AddRsqrt",
    _OPERATORS.SLICE: "AddSlice",
    _OPERATORS.SOFTMAX: "AddSoftmax",
    _OPERATORS.SQUARE: "AddSquare",
    _OPERATORS.STRIDED_SLICE: "AddStridedSlice",
    _OPERATORS.SUB: "AddSub",
    _OPERATORS.SUM: "AddSum",
    _OPERATORS.TRANSPOSE: "AddTranspose",
}
_NAMES = {code: name for name, code in vars(_OPERATORS).items() if not name.startswith("_")}


def for_micro(content: bytes) -> bytes:
    """Rewrite an int8 network with a batch of 1; it still takes uint8 RGB.

    Raises:
        DeliveryError: TensorFlow Lite Micro lacks an operator of it.
    """
    network = Network(content)
    _take_bytes(network)
    _widen_weights(network)
    _require_known(network)
    return network.to_bytes()


def resolver_methods(content: bytes) -> list[str]:
    """Methods of ``MicroMutableOpResolver`` that a rewritten network needs, in alphabetical order."""
    network = Network(content)
    return sorted({RESOLVER_METHODS[network.code(operator)] for operator in network.graph.operators})


def _take_bytes(network: Network) -> None:
    """Quantise bytes at once, instead of by way of float32."""
    (picture,) = network.graph.inputs
    casts = [item for item in _readers(network, picture) if network.code(item) == _OPERATORS.CAST]
    for cast in casts:
        for reader in _readers(network, cast.outputs[0]):
            if network.code(reader) == _OPERATORS.QUANTIZE:
                reader.inputs = [picture]
        if not _readers(network, cast.outputs[0]):
            network.graph.operators.remove(cast)
    # A byte stands for its own number.
    network.graph.tensors[picture].quantization = schema.QuantizationParametersT(scale=[1.0], zeroPoint=[0])


def _readers(network: Network, tensor: int) -> list[Any]:
    return [operator for operator in network.graph.operators if tensor in operator.inputs]


def _widen_weights(network: Network) -> None:
    """Store int8 weights of float operators as float32."""
    kept = []
    for operator in network.graph.operators:
        (source, *_) = operator.inputs
        is_widened = network.code(operator) == _OPERATORS.DEQUANTIZE and network.is_constant(source)
        if is_widened:
            (widened,) = operator.outputs
            network.graph.tensors[widened].buffer = network.add_buffer(_widened(network, source).tobytes())
        else:
            kept.append(operator)
    network.graph.operators = kept


def _widened(network: Network, number: int) -> np.ndarray:
    """Values of an int8 constant, float32, of the tensor's shape."""
    tensor, data = network.graph.tensors[number], network.constant_bytes(number)
    assert data is not None
    scales, zeros = (np.asarray(part) for part in (tensor.quantization.scale, tensor.quantization.zeroPoint))
    along = [1] * len(tensor.shape)
    if len(scales) > 1:
        along[tensor.quantization.quantizedDimension] = len(scales)
    values = data.view(np.int8).reshape(tensor.shape).astype(np.float32)
    return (values - zeros.reshape(along)).astype(np.float32) * scales.reshape(along).astype(np.float32)


def _require_known(network: Network) -> None:
    unknown = {network.code(operator) for operator in network.graph.operators} - RESOLVER_METHODS.keys()
    if unknown:
        raise DeliveryError(
            N_(
                "TensorFlow Lite Micro cannot compute {operators}, which this network needs. Train with EfficientNet-Lite0 or another small convolutional backbone."
            ),
            operators=", ".join(sorted(_NAMES[code] for code in unknown)),
        )
