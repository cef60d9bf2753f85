"""Runtimes of foreign models: open a file, state its interface, answer a batch.

Runs only in the isolated process. Files are checked before a runtime reads them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation.foreign.checks.graph_operations import check_frozen_graph, check_saved_model
from core.evaluation.foreign.checks.keras_file import check_keras_file
from core.evaluation.foreign.checks.onnx_file import check_onnx_file
from core.evaluation.foreign.facts import Interface, Runtime, TensorFacts
from core.evaluation.foreign.faults import custom_parts, damaged


@dataclass(frozen=True, kw_only=True)
class OpenedModel:
    """A loaded model."""

    interface: Interface
    # Numbers (B, …) in the input's type to the outputs, each (B, …) in its own type.
    answer: Callable[[np.ndarray], list[np.ndarray]]


def open_model(runtime: Runtime, path: Path, threads: int) -> OpenedModel:
    """Check and load a model.

    Raises:
        ForeignModelError: it is damaged or refused.
    """
    return _OPENERS[runtime](path, threads)


def _open_keras(path: Path, threads: int) -> OpenedModel:
    check_keras_file(path)
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    with _loading(path):
        model = keras.saving.load_model(
            path, custom_objects={"DepthwiseConv2D": _older_depthwise()}, compile=False, safe_mode=True
        )
        inputs, outputs = list(model.inputs), list(model.outputs)
    return OpenedModel(
        interface=Interface(
            inputs=tuple(_tensor(item.name, item.shape, item.dtype) for item in inputs),
            outputs=tuple(_tensor(item.name, item.shape, item.dtype) for item in outputs),
        ),
        answer=lambda batch: [np.asarray(item) for item in tf.nest.flatten(model.predict_on_batch(batch))],
    )


def _older_depthwise() -> type:
    """Make the layer that accepts ``groups``, which Keras 2 wrote; Teachable Machine's files have it."""
    import keras

    class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
        def __init__(self, *arguments: Any, groups: int = 1, **options: Any) -> None:
            super().__init__(*arguments, **options)

    return DepthwiseConv2D


def _open_litert(path: Path, threads: int) -> OpenedModel:
    from ai_edge_litert.interpreter import Interpreter

    with _loading(path):
        interpreter: Any = Interpreter(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()

    def answer(batch: np.ndarray) -> list[np.ndarray]:
        rows = []
        # Most files have a batch of 1 built in.
        for one in batch:
            interpreter.set_tensor(inputs[0]["index"], one[np.newaxis])
            interpreter.invoke()
            rows.append([interpreter.get_tensor(item["index"]) for item in outputs])
        return [np.concatenate(items) for items in zip(*rows, strict=True)]

    return OpenedModel(
        interface=Interface(
            inputs=tuple(_quantised_tensor(item) for item in inputs),
            outputs=tuple(_quantised_tensor(item) for item in outputs),
        ),
        answer=answer,
    )


def _quantised_tensor(details: dict[str, Any]) -> TensorFacts:
    scale, zero_point = details["quantization"]
    facts = _tensor(details["name"], details["shape"], np.dtype(details["dtype"]).name)
    return TensorFacts(
        name=facts.name,
        shape=facts.shape,
        dtype=facts.dtype,
        scale=float(scale),
        zero_point=int(zero_point),
    )


def _open_onnx(path: Path, threads: int) -> OpenedModel:
    names = check_onnx_file(path)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    with _loading(path):
        # From memory: no other file is looked for beside it.
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    inputs, outputs = session.get_inputs(), session.get_outputs()
    tables = [item for item in outputs if item.type == _ONNX_TABLE]
    outputs = [item for item in outputs if item.type in _ONNX_TYPES]
    if tables and not outputs and len(inputs) == 1:
        return _open_onnx_table(session, inputs[0], tables[0])
    wanted = [item.name for item in outputs]
    return OpenedModel(
        interface=Interface(
            inputs=tuple(
                _tensor(item.name, item.shape, _ONNX_TYPES.get(item.type, item.type)) for item in inputs
            ),
            outputs=tuple(_tensor(item.name, item.shape, _ONNX_TYPES[item.type]) for item in outputs),
            class_names=names,
        ),
        answer=lambda batch: _each_batch(
            batch, inputs[0].shape, lambda part: session.run(wanted, {inputs[0].name: part})
        ),
    )


def _open_onnx_table(session: Any, picture: Any, table: Any) -> OpenedModel:
    """Read the probabilities from a table by class names, the form of Windows ML (Custom Vision has it)."""
    facts = _tensor(picture.name, picture.shape, _ONNX_TYPES.get(picture.type, picture.type))
    # Only an answer names the classes.
    blank = np.zeros([length or 1 for length in facts.shape], np.dtype(facts.dtype))
    names = tuple(session.run([table.name], {picture.name: blank})[0][0])

    def run(part: np.ndarray) -> list[np.ndarray]:
        (rows,) = session.run([table.name], {picture.name: part})
        return [np.array([[row[name] for name in names] for row in rows], np.float32)]

    return OpenedModel(
        interface=Interface(
            inputs=(facts,),
            outputs=(_tensor(table.name, (0, len(names)), "float32"),),
            class_names=names,
        ),
        answer=lambda batch: _each_batch(batch, picture.shape, run),
    )


_ONNX_TABLE = "seq(map(string,tensor(float)))"
# Other outputs are texts, the label alone.
_ONNX_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
}


def _open_saved_model(path: Path, threads: int) -> OpenedModel:
    check_saved_model(path)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    with _loading(path / "saved_model.pb"):
        loaded = tf.saved_model.load(str(path))
        signatures = dict(loaded.signatures)
        function = signatures.get("serving_default") or next(iter(signatures.values()))
        inputs: dict[str, Any] = function.structured_input_signature[1]
    return _of_function(loaded, function, inputs, function.structured_outputs)


def _of_function(
    owner: object, function: Any, inputs: dict[str, Any], outputs: dict[str, Any]
) -> OpenedModel:
    """Wrap a TensorFlow function.

    Args:
        owner: of the function's variables, which TensorFlow itself does not hold.
    """
    import tensorflow as tf

    shown = {name: item for name, item in sorted(outputs.items()) if item.dtype.is_floating}
    name = next(iter(inputs), "")
    shape = _lengths(inputs[name].shape) if inputs else ()

    def run(part: np.ndarray) -> list[np.ndarray]:
        assert owner is not None
        answers = function(**{name: tf.constant(part)})
        return [answers[key].numpy() for key in shown]

    return OpenedModel(
        interface=Interface(
            inputs=tuple(_tensor(key, item.shape, item.dtype.name) for key, item in inputs.items()),
            outputs=tuple(_tensor(key, item.shape, item.dtype.name) for key, item in shown.items()),
        ),
        answer=lambda batch: _each_batch(batch, shape, run),
    )


def _open_frozen_graph(path: Path, threads: int) -> OpenedModel:
    check_frozen_graph(path)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    graph = tf.compat.v1.GraphDef()
    with _loading(path):
        graph.ParseFromString(path.read_bytes())
        inputs = [node.name for node in graph.node if node.op == "Placeholder"]
        used = {name.lstrip("^").partition(":")[0] for node in graph.node for name in node.input}
        ends = [node.name for node in graph.node if node.name not in used and node.op not in _NO_OUTPUT]
        whole = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
        pruned = whole.prune([f"{name}:0" for name in inputs], [f"{name}:0" for name in ends])
    specs = {
        name: tf.TensorSpec(item.shape, item.dtype) for name, item in zip(inputs, pruned.inputs, strict=False)
    }
    outputs = dict(zip(ends, pruned.outputs, strict=True))

    def call(**arguments: Any) -> dict[str, Any]:
        return dict(zip(ends, pruned(*arguments.values()), strict=True))

    return _of_function(whole, call, specs, outputs)


_NO_OUTPUT = {"Const", "NoOp", "Assert", "Placeholder"}

_OPENERS: dict[Runtime, Callable[[Path, int], OpenedModel]] = {
    Runtime.KERAS: _open_keras,
    Runtime.LITERT: _open_litert,
    Runtime.ONNX: _open_onnx,
    Runtime.SAVED_MODEL: _open_saved_model,
    Runtime.FROZEN_GRAPH: _open_frozen_graph,
}


def _each_batch(
    batch: np.ndarray, shape: Any, run: Callable[[np.ndarray], list[np.ndarray]]
) -> list[np.ndarray]:
    """Run a batch at once, or picture by picture where the model has a batch of 1 built in."""
    if _lengths(shape)[:1] != (1,):
        return run(batch)
    rows = [run(one[np.newaxis]) for one in batch]
    return [np.concatenate(items) for items in zip(*rows, strict=True)]


def _tensor(name: str, shape: Any, dtype: str) -> TensorFacts:
    return TensorFacts(name=str(name), shape=_lengths(shape), dtype=str(dtype))


def _lengths(shape: Any) -> tuple[int, ...]:
    """Read a shape of any library; names and missing lengths become 0."""
    if getattr(shape, "rank", 0) is None:
        return ()
    lengths = () if shape is None else shape
    return tuple(max(0, int(length)) if isinstance(length, (int, np.integer)) else 0 for length in lengths)


@contextlib.contextmanager
def _loading(path: Path) -> Iterator[None]:
    """Turn the many errors of loaders into one sentence."""
    try:
        yield
    except MemoryError:
        raise
    # Loaders raise anything for a file that is not theirs.
    except Exception as error:
        text = str(error)
        for start in ("Unknown layer: ", "unresolved custom op: ", "Could not locate class "):
            if start in text:
                name = text.partition(start)[2].split()[0].strip("'\".,")
                raise custom_parts(path, name) from error
        raise damaged(path) from error
