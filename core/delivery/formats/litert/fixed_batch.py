"""A LiteRT classifier for one picture at a time: every shape is fixed, and none is computed.

LiteRT.js and the accelerators of phones refuse a free batch. A file with a fixed one answers alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from core.delivery.formats.litert.network import TYPES, Network

_WHOLE_NUMBERS = {schema.TensorType.INT32, schema.TensorType.INT64}


def with_batch_of_one(content: bytes) -> bytes:
    """Fix the batch of a classifier to 1, and replace what it computes from the batch by constants.

    Args:
        content: LiteRT file; a file that already has a fixed batch stays as it is but for its order.
    """
    network, run = Network(content), _run_once(content)
    shapes = {details["index"]: details["shape"] for details in run.get_tensor_details()}
    for number, tensor in enumerate(network.graph.tensors):
        tensor.shape, tensor.shapeSignature = shapes[number].tolist(), None
    folded = _operators_on_shapes(network)
    for operator in folded:
        for number in operator.outputs:
            tensor = network.graph.tensors[number]
            tensor.buffer = network.add_buffer(run.get_tensor(number).astype(TYPES[tensor.type]).tobytes())
    network.graph.operators = [operator for operator in network.graph.operators if operator not in folded]
    return network.to_bytes()


def _run_once(content: bytes) -> Any:
    """Run the file on a black picture; the interpreter then knows every shape and every number."""
    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        # Kernels of delegates compute several operators at once, and leave out what lies between them.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    (picture,) = interpreter.get_input_details()
    interpreter.allocate_tensors()
    interpreter.set_tensor(picture["index"], np.zeros(picture["shape"], picture["dtype"]))
    interpreter.invoke()
    return interpreter


def _operators_on_shapes(network: Network) -> list[Any]:
    """Operators whose results follow from shapes and constants alone, in the order of computation."""
    known: set[int] = {number for number in range(len(network.graph.tensors)) if network.is_constant(number)}
    found = []
    for operator in network.graph.operators:
        reads_shape = network.code(operator) == schema.BuiltinOperator.SHAPE
        is_whole = all(network.graph.tensors[number].type in _WHOLE_NUMBERS for number in operator.outputs)
        # -1 stands for an optional input that is not given.
        if is_whole and (reads_shape or all(number in known or number < 0 for number in operator.inputs)):
            known.update(operator.outputs)
            found.append(operator)
    return found
