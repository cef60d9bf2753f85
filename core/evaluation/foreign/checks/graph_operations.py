"""Check of TensorFlow graphs: operations that run Python or touch files are refused.

Read without TensorFlow, from the protocol buffers of tensorflow/core/protobuf/saved_model.proto
and tensorflow/core/framework/graph.proto. Operations of checkpoints (``SaveV2``, ``RestoreV2``)
stand in every SavedModel, in functions that only a loader calls, so they are accepted.
"""

from __future__ import annotations

import re
from pathlib import Path

from core.evaluation.foreign.checks.wire import Schema, WireError, parts
from core.evaluation.foreign.faults import ForeignModelError, damaged
from core.messages import N_, first_of

_REFUSED = re.compile(
    "|".join(
        (
            # Run Python.
            r"(Eager)?PyFunc(Stateless)?",
            # Read or write files.
            r"(Read|Write)File",
            r"(MatchingFiles|Delete).*",
            r"(WholeFile|TextLine|FixedLengthRecord|TFRecord|LMDB)Reader.*",
            r".*(TextLine|TFRecord|FixedLengthRecord|Snapshot|CSV|Sql|LMDB|Bigtable)Dataset.*",
            r"(Load|Save|Cache)Dataset.*",
            r"InitializeTableFromTextFile.*",
            r"(Create)?Summary(File|Db)Writer",
            r"ImportEvent|Write\w*Summary|FileSystem\w*",
            # Speak to other machines.
            r"\w*(Rpc|RPC)\w*|RemoteCall|_?(Host)?(Send|Recv)",
            r"Collective\w*|ConfigureDistributed\w*|\w*DataService\w*",
            # Load libraries, or programs of other compilers.
            r"\w*LoadLibrary\w*|\w*CompileMlir\w*|XlaHostCompute\w*|XlaCallModule",
        )
    )
)
_NODE = Schema(name="NodeDef", values=frozenset({2}))
_FUNCTION = Schema(name="FunctionDef", messages={3: _NODE})
_GRAPH = Schema(
    name="GraphDef", messages={1: _NODE, 2: Schema(name="FunctionDefLibrary", messages={1: _FUNCTION})}
)
_SAVED_MODEL = Schema(name="SavedModel", messages={2: Schema(name="MetaGraphDef", messages={2: _GRAPH})})


def check_saved_model(folder: Path) -> None:
    """Look through ``saved_model.pb``.

    Raises:
        ForeignModelError: it is no SavedModel, or has an operation that is refused.
    """
    _check(folder / "saved_model.pb", _SAVED_MODEL)


def check_frozen_graph(file: Path) -> None:
    """Look through a frozen graph, such as ``model.pb``.

    Raises:
        ForeignModelError: it is no graph, or has an operation that is refused.
    """
    _check(file, _GRAPH)


def _check(file: Path, schema: Schema) -> None:
    try:
        nodes = [
            part.text(2) for part in parts(memoryview(file.read_bytes()), schema) if part.schema is _NODE
        ]
    except WireError as error:
        raise damaged(file) from error
    if not nodes:
        raise damaged(file)
    refused = sorted({name for name in nodes if _REFUSED.fullmatch(name)})
    if refused:
        raise ForeignModelError(
            N_(
                "{file} contains operations that run programs or use files or the network ({names}), so it was not opened. Export the model without them."
            ),
            file=file.name,
            names=first_of(refused),
        )
