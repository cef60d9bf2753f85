"""TensorFlow graphs with operations that run programs or use files are refused, unopened."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ForeignModelError
from core.evaluation.foreign.checks.graph_operations import check_frozen_graph, check_saved_model
from tests.support.onnx_file import field


def graph(*operations: str, within: tuple[str, ...] = ()) -> bytes:
    """A GraphDef with nodes, and a function with more of them."""
    nodes = b"".join(field(1, field(1, f"n{i}") + field(2, name)) for i, name in enumerate(operations))
    body = b"".join(field(3, field(1, "inner") + field(2, name)) for name in within)
    return nodes + (field(2, field(1, body)) if within else b"")


def frozen(folder: Path, content: bytes) -> Path:
    (folder / "model.pb").write_bytes(content)
    return folder / "model.pb"


def test_usual_operations_pass(tmp_path: Path) -> None:
    usual = ("Placeholder", "Const", "Conv2D", "ReadVariableOp", "Softmax", "Print", "Assert")
    saver = ("SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "StringJoin", "Identity")
    check_frozen_graph(frozen(tmp_path, graph(*usual, within=saver)))


@pytest.mark.parametrize(
    "operation",
    [
        *("PyFunc", "EagerPyFunc", "PyFuncStateless", "ReadFile", "WriteFile", "MatchingFiles"),
        *("WholeFileReaderV2", "TFRecordDataset", "TextLineDatasetV2", "SaveDatasetV2"),
        *("RpcCall", "_Send", "CollectiveReduce", "DataServiceDatasetV4", "XlaCallModule"),
        *("InitializeTableFromTextFileV2", "CreateSummaryFileWriter", "FileSystemSetConfiguration"),
    ],
)
def test_operations_that_leave_the_graph_are_refused(tmp_path: Path, operation: str) -> None:
    for content in (graph("Const", operation), graph("Const", within=(operation,))):
        with pytest.raises(ForeignModelError, match=rf"or the network \({operation}\)"):
            check_frozen_graph(frozen(tmp_path, content))


def test_a_saved_model_is_looked_through(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(field(1, 1) + field(2, field(2, graph("Const", "PyFunc"))))
    with pytest.raises(ForeignModelError, match=r"saved_model\.pb contains operations .* \(PyFunc\)"):
        check_saved_model(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello world", b"\x0a\xff\xff\xff\xff\x7f", graph("Const")[:-3]])
def test_a_file_that_only_pretends_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ForeignModelError, match="is damaged, cut off"):
        check_frozen_graph(frozen(tmp_path, content))


def test_a_field_number_beyond_protocol_buffers_is_refused(tmp_path: Path) -> None:
    """Readers differ in what they make of it, so it could hide a node."""
    number = 1 | 1 << 32
    content = graph("Const") + field(number, b"")
    with pytest.raises(ForeignModelError, match="is damaged, cut off"):
        check_frozen_graph(frozen(tmp_path, content))


def test_messages_that_nest_without_end_are_refused(tmp_path: Path) -> None:
    from core.evaluation.foreign.checks.wire import Schema, WireError, parts

    schema = Schema(name="Node")
    schema.messages[1] = schema
    content = b""
    for _ in range(100):
        content = field(1, content)
    with pytest.raises(WireError, match="nested too deep"):
        list(parts(memoryview(content), schema))
