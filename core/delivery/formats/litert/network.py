"""LiteRT files as objects that can be changed: ``read_network``, then ``write_network``.

``core.models.litert.rewriting`` changes single numbers of a file in place. Here tensors and operators are
added and removed, for which the file is taken apart and put together again. Numbers of tensors stay.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

_IDENTIFIER = b"TFL3"
# LiteRT's schema aligns constants to so many bytes.
_ALIGNMENT = 16
# Of tables and names beside the constants; the builder grows where they take more.
_TABLES_BYTES = 1 << 20

TYPES = {
    schema.TensorType.FLOAT16: np.dtype(np.float16),
    schema.TensorType.FLOAT32: np.dtype(np.float32),
    schema.TensorType.INT32: np.dtype(np.int32),
    schema.TensorType.INT64: np.dtype(np.int64),
}


class _AlignedBuilder(flatbuffers.Builder):
    """Builder that aligns vectors of bytes as the schema demands; generated Python code does not."""

    __slots__ = ()

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803  # flatbuffers' names
        return super().StartVector(elemSize, numElems, _ALIGNMENT if elemSize == 1 else alignment)


def text_of(name: bytes | str | None) -> str:
    """Name of a tensor or an entry; the schema's code reads bytes and writes text."""
    return name.decode() if isinstance(name, bytes) else name or ""


class Network:
    """The one graph of a LiteRT file, as objects of LiteRT's schema."""

    def __init__(self, content: bytes) -> None:
        """Take a file apart. What is appended behind the network, such as metadata files, is left out."""
        self.model: Any = flatbuffer_utils.read_model_from_bytearray(content)
        (self.graph,) = self.model.subgraphs

    def to_bytes(self) -> bytes:
        """Put the file together again, without constants that nothing refers to any more."""
        used = {tensor.buffer for tensor in self.graph.tensors}
        used |= {entry.buffer for entry in self.model.metadata or []}
        for number, buffer in enumerate(self.model.buffers):
            if number not in used:
                buffer.data = None
        constants = sum(len(buffer.data) for buffer in self.model.buffers if buffer.data is not None)
        builder = _AlignedBuilder(constants + constants // 16 + _TABLES_BYTES)
        builder.Finish(self.model.Pack(builder), file_identifier=_IDENTIFIER)
        return bytes(builder.Output())

    def code(self, operator: Any) -> int:
        """Kind of an operator, a member of ``schema.BuiltinOperator``."""
        return flatbuffer_utils.get_builtin_code_from_operator_code(
            self.model.operatorCodes[operator.opcodeIndex]
        )

    def is_constant(self, tensor: int) -> bool:
        return self.constant_bytes(tensor) is not None

    def constant_bytes(self, tensor: int) -> np.ndarray | None:
        """Bytes of a constant tensor, uint8; None for one that is computed."""
        data: np.ndarray | None = self.model.buffers[self.graph.tensors[tensor].buffer].data
        return None if data is None or not len(data) else data

    def add_buffer(self, content: bytes) -> int:
        """Add constant bytes, and return the number of their buffer."""
        self.model.buffers.append(schema.BufferT(data=np.frombuffer(content, np.uint8)))
        return len(self.model.buffers) - 1

    def add_tensor(self, tensor: Any) -> int:
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def add_operator_code(self, code: int, version: int) -> int:
        """Add a kind of operator, and return its number for ``opcodeIndex``."""
        self.model.operatorCodes.append(
            schema.OperatorCodeT(deprecatedBuiltinCode=code, builtinCode=code, version=version)
        )
        return len(self.model.operatorCodes) - 1
