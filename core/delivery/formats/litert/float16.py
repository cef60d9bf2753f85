"""A LiteRT classifier with weights of 16 bits: half the size, computed in float32 as before.

The weights are widened when the file is loaded, so it runs as fast and takes as much memory as float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core.delivery.formats.litert.network import Network, text_of

# Smaller constants save nothing that shows.
_LEAST_VALUES = 1024
# Version of the operator since which it widens float16.
_VERSION = 3


def with_half_weights(content: bytes) -> bytes:
    """Store the weights of a float32 file as float16. Those that float16 cannot hold stay."""
    network = Network(content)
    code = network.add_operator_code(schema.BuiltinOperator.DEQUANTIZE, _VERSION)
    halved: dict[int, int] = {}  # numbers of the buffers, by those of the float32 ones
    operators = [
        operator
        for number in range(len(network.graph.tensors))
        if (operator := _widened(network, number, code, halved)) is not None
    ]
    network.graph.operators = [*operators, *network.graph.operators]
    return network.to_bytes()


def _widened(network: Network, number: int, code: int, halved: dict[int, int]) -> Any | None:
    """Replace a constant by a float16 one and the operator that widens it; None where it stays."""
    tensor, data = network.graph.tensors[number], network.constant_bytes(number)
    if data is None or tensor.type != schema.TensorType.FLOAT32:
        return None
    if tensor.buffer not in halved:
        with np.errstate(over="ignore"):
            half = data.view(np.float32).astype(np.float16)
        if half.size < _LEAST_VALUES or not np.isfinite(half).all():
            return None
        halved[tensor.buffer] = network.add_buffer(half.tobytes())
    source = network.add_tensor(
        schema.TensorT(
            shape=tensor.shape,
            type=schema.TensorType.FLOAT16,
            buffer=halved[tensor.buffer],
            name=f"{text_of(tensor.name)}_float16",
            hasRank=tensor.hasRank,
        )
    )
    tensor.buffer = 0
    return schema.OperatorT(
        opcodeIndex=code,
        inputs=[source],
        outputs=[number],
        builtinOptionsType=schema.BuiltinOptions.DequantizeOptions,
        builtinOptions=schema.DequantizeOptionsT(),
    )
