"""Check of ONNX files: no data in other files, no operators of other makers; and what they state of themselves.

Read without the onnx package, from the protocol buffers of onnx/onnx.proto.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

from core.evaluation.foreign.checks.wire import Part, Schema, WireError, parts
from core.evaluation.foreign.darkroom_facts import ONNX_KEY, StatedFacts, parse_facts
from core.evaluation.foreign.faults import ForeignModelError, custom_parts, damaged
from core.messages import N_, first_of

_OWN_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"}
_EXTERNAL = 1
_TENSOR = Schema(name="TensorProto", values=frozenset({13, 14}))
_SPARSE_TENSOR = Schema(name="SparseTensorProto", messages={1: _TENSOR, 2: _TENSOR})
_GRAPH = Schema(name="GraphProto", messages={5: _TENSOR, 15: _SPARSE_TENSOR})
_ATTRIBUTE = Schema(
    name="AttributeProto",
    messages={
        5: _TENSOR,
        6: _GRAPH,
        10: _TENSOR,
        11: _GRAPH,
        22: _SPARSE_TENSOR,
        23: _SPARSE_TENSOR,
    },
)
_NODE = Schema(name="NodeProto", messages={5: _ATTRIBUTE}, values=frozenset({4, 7}))
_GRAPH.messages[1] = _NODE
_FUNCTION = Schema(name="FunctionProto", messages={7: _NODE}, values=frozenset({10}))
_PROPERTY = Schema(name="StringStringEntryProto", values=frozenset({1, 2}))
_MODEL = Schema(name="ModelProto", messages={7: _GRAPH, 14: _PROPERTY, 25: _FUNCTION}, values=frozenset({1}))


def check_onnx_file(file: Path) -> StatedFacts:
    """Look through an ONNX file.

    Returns:
        the class names and the preprocessing among its properties, if it has some.
    Raises:
        ForeignModelError: it is no ONNX file, or refers to other files or to foreign operators.
    """
    try:
        found = list(parts(memoryview(file.read_bytes()), _MODEL))
    except WireError as error:
        raise damaged(file) from error
    nodes = [part for part in found if part.schema is _NODE]
    if not nodes or not found[-1].number(1):
        raise damaged(file)
    if any(_is_external(part) for part in found if part.schema is _TENSOR):
        raise ForeignModelError(
            N_(
                "{file} keeps its weights in another file, which is not read here. Save the model as one ONNX file."
            ),
            file=file.name,
        )
    domains = _OWN_DOMAINS | {part.text(10) for part in found if part.schema is _FUNCTION}
    foreign = sorted({f"{part.text(7)}.{part.text(4)}" for part in nodes if part.text(7) not in domains})
    if foreign:
        raise custom_parts(file, first_of(foreign))
    properties = {part.text(1): part.text(2) for part in found if part.schema is _PROPERTY}
    own = parse_facts(properties.get(ONNX_KEY, ""))
    return own or StatedFacts(class_names=_class_names(properties), preprocessing=None)


def _is_external(tensor: Part) -> bool:
    return tensor.number(14) == _EXTERNAL or bool(tensor.values.get(13))


def _class_names(properties: Mapping[str, str]) -> tuple[str, ...]:
    """Read the property ``names``, ``{0: 'cat', 1: 'dog'}``, which Ultralytics writes."""
    try:
        names = ast.literal_eval(properties.get("names", "{}"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if not isinstance(names, dict) or sorted(names, key=str) != sorted(range(len(names)), key=str):
        return ()
    return tuple(str(names[index]) for index in range(len(names)))
