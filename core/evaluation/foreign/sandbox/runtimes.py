"""Runtimes of foreign models: open a file, state its interface, answer a batch.

Runs only in the isolated process. Files are checked before a runtime reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation.foreign.checks.graph_operations import check_frozen_graph, check_saved_model
from core.evaluation.foreign.checks.keras_file import check_keras_config, check_keras_file
from core.evaluation.foreign.checks.onnx_file import check_onnx_file
from core.evaluation.foreign.facts import Interface, Runtime, TensorFacts
from core.evaluation.foreign.sandbox.keras_2 import build, older_layers
from core.evaluation.foreign.sandbox.layers_model import fill, read_layers_model
from core.evaluation.foreign.sandbox.opened_model import OpenedModel, each_batch, lengths, loading, tensor


def open_model(runtime: Runtime, path: Path, threads: int) -> OpenedModel:
    """Check and load a model.

    Raises:
        ForeignModelError: it is damaged or refused.
    """
    return _OPENERS[runtime](path, threads)


def _open_keras(path: Path, threads: int) -> OpenedModel:
    config = check_keras_file(path)
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    with loading(path):
        if path.name.endswith(".keras"):
            # ``load_model`` unpacks an archive with further members, as Darkroom's own have, onto the disk.
            model = keras.saving.deserialize_keras_object(
                config | {"compile_config": None}, custom_objects=older_layers(), safe_mode=True
            )
        else:
            model = build(config)
        model.load_weights(path)
        return _of_keras(model)


def _of_keras(model: Any) -> OpenedModel:
    import tensorflow as tf

    inputs, outputs = list(model.inputs), list(model.outputs)
    return OpenedModel(
        interface=Interface(
            inputs=tuple(tensor(item.name, item.shape, item.dtype) for item in inputs),
            outputs=tuple(tensor(item.name, item.shape, item.dtype) for item in outputs),
        ),
        answer=lambda batch: [np.asarray(item) for item in tf.nest.flatten(model.predict_on_batch(batch))],
    )


def _open_tensorflow_js(path: Path, threads: int) -> OpenedModel:
    with loading(path):
        content = read_layers_model(path)
    check_keras_config(content.config, path)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    with loading(path):
        model = build(content.config)
        fill(model, content.weights)
        return _of_keras(model)


def _open_litert(path: Path, threads: int) -> OpenedModel:
    from ai_edge_litert.interpreter import Interpreter

    with loading(path):
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
    facts = tensor(details["name"], details["shape"], np.dtype(details["dtype"]).name)
    return TensorFacts(
        name=facts.name,
        shape=facts.shape,
        dtype=facts.dtype,
        scale=float(scale),
        zero_point=int(zero_point),
    )


def _open_onnx(path: Path, threads: int) -> OpenedModel:
    stated = check_onnx_file(path)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    with loading(path):
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
                tensor(item.name, item.shape, _ONNX_TYPES.get(item.type, item.type)) for item in inputs
            ),
            outputs=tuple(tensor(item.name, item.shape, _ONNX_TYPES[item.type]) for item in outputs),
            class_names=stated.class_names,
            preprocessing=stated.preprocessing,
        ),
        answer=lambda batch: each_batch(
            batch, inputs[0].shape, lambda part: session.run(wanted, {inputs[0].name: part})
        ),
    )


def _open_onnx_table(session: Any, picture: Any, table: Any) -> OpenedModel:
    """Read the probabilities from a table by class names, the form of Windows ML (Custom Vision has it)."""
    facts = tensor(picture.name, picture.shape, _ONNX_TYPES.get(picture.type, picture.type))
    # Only an answer names the classes.
    blank = np.zeros([length or 1 for length in facts.shape], np.dtype(facts.dtype))
    names = tuple(session.run([table.name], {picture.name: blank})[0][0])

    def run(part: np.ndarray) -> list[np.ndarray]:
        (rows,) = session.run([table.name], {picture.name: part})
        return [np.array([[row[name] for name in names] for row in rows], np.float32)]

    return OpenedModel(
        interface=Interface(
            inputs=(facts,),
            outputs=(tensor(table.name, (0, len(names)), "float32"),),
            class_names=names,
        ),
        answer=lambda batch: each_batch(batch, picture.shape, run),
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
    with loading(path / "saved_model.pb"):
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
    shape = lengths(inputs[name].shape) if inputs else ()

    def run(part: np.ndarray) -> list[np.ndarray]:
        assert owner is not None
        answers = function(**{name: tf.constant(part)})
        return [answers[key].numpy() for key in shown]

    return OpenedModel(
        interface=Interface(
            inputs=tuple(tensor(key, item.shape, item.dtype.name) for key, item in inputs.items()),
            outputs=tuple(tensor(key, item.shape, item.dtype.name) for key, item in shown.items()),
        ),
        answer=lambda batch: each_batch(batch, shape, run),
    )


def _open_frozen_graph(path: Path, threads: int) -> OpenedModel:
    check_frozen_graph(path)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    graph = tf.compat.v1.GraphDef()
    with loading(path):
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
    Runtime.TENSORFLOW_JS: _open_tensorflow_js,
}
