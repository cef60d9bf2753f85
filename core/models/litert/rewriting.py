"""LiteRT files changed in memory: the last feature map as output, or shuffled weights.

A converted classifier computes its last feature map on the way to the probabilities. Naming
that tensor as the output costs one number in the file, so heatmaps need neither TensorFlow
nor a second copy of the network.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core.models.head import MapPooling

# The last operator of these kinds with a map (B, H, W, F) as its input pools it. A stranger score has a maximum as well.
_POOLING = {
    "grid": schema.BuiltinOperator.AVERAGE_POOL_2D,
    "max": schema.BuiltinOperator.REDUCE_MAX,
}
_MAP_DIMENSIONS = 4
_WITH_KERNEL = {
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
}
_KERNEL_INPUT = 1
# Place of the outputs in the table of a graph's fields; see ``SubGraph`` in LiteRT's schema.
_OUTPUTS_FIELD = 8


def with_feature_map(content: bytes, pooling: MapPooling) -> bytes:
    """Make the last feature map, float32 (B, H, W, F), the output of a classifier or extractor.

    Raises:
        ValueError: the network does not pool a feature map this way.
    """
    operator = _last_pooling(Graph(bytearray(content)), pooling)
    return with_output(content, operator.Inputs(0))


def feature_map_side(content: bytes, pooling: MapPooling) -> int:
    """Rows of the last feature map of a classifier or extractor.

    Raises:
        ValueError: the network does not pool a feature map this way.
    """
    graph = Graph(bytearray(content))
    return graph.shape(_last_pooling(graph, pooling).Inputs(0))[1]


def with_pooled_features(content: bytes, pooling: MapPooling) -> bytes:
    """Add the pooled feature map of a classifier as its last output: float32, one row of cells a picture.

    Raises:
        ValueError: the network does not pool a feature map this way.
    """
    graph = Graph(bytearray(content))
    (features,) = graph.outputs_of(_last_pooling(graph, pooling))
    return with_further_output(content, features)


def with_further_output(content: bytes, tensor: int) -> bytes:
    """Add a tensor, by its number, to the outputs of a network.

    The longer list of outputs stands behind the file, and the place that points to the list is changed.
    """
    changed = bytearray(content)
    graph = Graph(changed)
    numbers, pointer = [*graph.outputs.tolist(), tensor], graph.outputs_pointer
    padding = bytes(-len(changed) % 4)
    struct.pack_into("<I", changed, pointer, len(changed) + len(padding) - pointer)
    return bytes(changed) + padding + struct.pack(f"<I{len(numbers)}i", len(numbers), *numbers)


def _last_pooling(graph: Graph, pooling: MapPooling) -> Any:
    for operator, code in reversed(graph.operators):
        if code == _POOLING[pooling] and len(graph.shape(operator.Inputs(0))) == _MAP_DIMENSIONS:
            return operator
    raise ValueError(f"the network has no {pooling} pooling")


def with_output(content: bytes, tensor: int) -> bytes:
    """Make a tensor, by its number, the output of a network."""
    changed = bytearray(content)
    Graph(changed).outputs[0] = tensor
    return bytes(changed)


def with_shuffled_weights(content: bytes, seed: int) -> bytes:
    """Shuffle the weights within each kernel of a network.

    Each layer keeps the distribution of its weights, and what it has learnt is lost (the model
    parameter randomisation test of Adebayo et al. 2018, arXiv 1810.03292).
    """
    changed = bytearray(content)
    graph = Graph(changed)
    _shuffle(graph, [operator for operator, code in graph.operators if code in _WITH_KERNEL], seed)
    return bytes(changed)


def with_shuffled_heads(content: bytes, seed: int) -> bytes:
    """Shuffle the weights of the last dense layer on each way to the first output.

    An ensemble has such a layer for each of its members.
    """
    changed = bytearray(content)
    graph = Graph(changed)
    _shuffle(graph, _last_dense_layers(graph), seed)
    return bytes(changed)


def _last_dense_layers(graph: Graph) -> list[Any]:
    makers = {
        tensor: (operator, code)
        for operator, code in graph.operators
        for tensor in graph.outputs_of(operator)
    }
    found: dict[int, Any] = {}
    waiting = [int(graph.outputs[0])]
    while waiting:
        tensor = waiting.pop()
        # Each tensor is looked at once; inputs and constants are made by none.
        operator, code = makers.pop(tensor, (None, None))
        if code == schema.BuiltinOperator.FULLY_CONNECTED:
            found[tensor] = operator
        elif operator is not None:
            waiting += graph.inputs_of(operator)
    return [found[tensor] for tensor in sorted(found)]


def _shuffle(graph: Graph, operators: Sequence[Any], seed: int) -> None:
    """Shuffle the weights within each kernel of some operators, in the bytes of the graph."""
    random = np.random.default_rng(seed)
    for number in sorted({graph.tensor(operator.Inputs(_KERNEL_INPUT)).Buffer() for operator in operators}):
        weights = graph.weights(number)
        weights[:] = random.permutation(weights)


class Graph:
    """The one graph of a LiteRT file, over the bytes that hold it."""

    def __init__(self, content: bytearray) -> None:
        self._model: Any = schema.Model.GetRootAs(content)
        self._graph = self._model.Subgraphs(0)

    @property
    def operators(self) -> list[tuple[Any, int]]:
        """Operators in the order of their computation, with the codes of their kinds."""
        operators = [self._graph.Operators(index) for index in range(self._graph.OperatorsLength())]
        return [(operator, self._code(operator)) for operator in operators]

    @property
    def outputs(self) -> np.ndarray:
        """Numbers of the output tensors, int32; a view that can be written."""
        numbers: np.ndarray = self._graph.OutputsAsNumpy()
        return numbers

    @property
    def outputs_pointer(self) -> int:
        """Position of the offset that leads from there to the list of output tensors."""
        table = self._graph._tab
        return int(table.Pos + table.Offset(_OUTPUTS_FIELD))

    def inputs_of(self, operator: Any) -> list[int]:
        """Numbers of an operator's input tensors."""
        numbers: list[int] = operator.InputsAsNumpy().tolist()
        return numbers

    def outputs_of(self, operator: Any) -> list[int]:
        """Numbers of an operator's output tensors."""
        numbers: list[int] = operator.OutputsAsNumpy().tolist()
        return numbers

    def options(self, operator: Any, kind: Any) -> Any:
        """Settings of an operator, read as a table of the schema."""
        table, options = operator.BuiltinOptions(), kind()
        options.Init(table.Bytes, table.Pos)
        return options

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of a tensor for a batch of 1."""
        return tuple(self.tensor(tensor).ShapeAsNumpy().tolist())

    def constant(self, tensor: int) -> np.ndarray:
        """Values of a constant tensor, float32."""
        return self.weights(self.tensor(tensor).Buffer()).reshape(self.shape(tensor))

    def tensor(self, number: int) -> Any:
        return self._graph.Tensors(number)

    def weights(self, buffer: int) -> np.ndarray:
        """Constants in a buffer, float32, one-dimensional; a view that can be written.

        A tensor that is computed has an empty buffer.
        """
        content = self._model.Buffers(buffer)
        if not content.DataLength():
            return np.empty(0, np.float32)
        constants: np.ndarray = content.DataAsNumpy().view(np.float32)
        return constants

    def _code(self, operator: Any) -> int:
        kind = self._model.OperatorCodes(operator.OpcodeIndex())
        # Codes below 127 also stand in an older field.
        return max(kind.BuiltinCode(), kind.DeprecatedBuiltinCode())
