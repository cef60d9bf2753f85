"""ONNX graphs of classifiers: conversion, names, metadata, and the part that stays in float32."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core import __version__
from core.delivery.facts import ModelFacts
from core.delivery.formats.graphs.packing import facts_as_json
from core.delivery.formats.interface import FACTS, LABELS, OUTPUTS, PICTURE

if TYPE_CHECKING:
    import keras
    import onnx

# The oldest version of the operators that holds every network here; most runtimes know it.
_OPSET = 15
_BATCH = "batch"


def write_onnx(network: keras.Model, path: Path) -> None:
    """Convert a classifier, with or without a stranger score, to a float32 ONNX file of any batch size."""
    import onnx

    from core.delivery.formats.graphs.onnx_operators import register_operators
    from core.delivery.formats.graphs.signature import picture_of

    register_operators()
    network.export(
        str(path), format="onnx", verbose=False, input_signature=[picture_of(network)], opset_version=_OPSET
    )
    model = onnx.load(path)
    _name_interface(model.graph)
    onnx.save(model, path)


def add_facts(path: Path, facts: ModelFacts) -> None:
    """Store the labels and the facts in the file's metadata, and check the whole file."""
    import onnx

    model = onnx.load(path)
    model.producer_name, model.producer_version = "Darkroom", __version__
    model.doc_string = facts.preprocessing
    onnx.helper.set_model_props(
        model, {LABELS: json.dumps(facts.class_names, ensure_ascii=False), FACTS: facts_as_json(facts)}
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def head_nodes(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes behind the last features: those that compute probabilities and stranger score.

    They hold few weights, and rounding harms them most: a score adds squares and logarithms.
    """
    constants = {tensor.name for tensor in graph.initializer}
    before: set[str] = set()
    names = []
    for node in reversed(graph.node):  # in topological order
        if before.intersection(node.output) or _makes_features(node, constants):
            before.update(node.input)
        else:
            names.append(node.name)
    return names


def _makes_features(node: onnx.NodeProto, constants: Container[str]) -> bool:
    """True for convolutions, and for the products of computed matrices in transformers."""
    return node.op_type == "Conv" or (
        node.op_type == "MatMul" and not any(name in constants for name in node.input)
    )


def _name_interface(graph: onnx.GraphProto) -> None:
    """Give input and outputs their names, and the batch its own; the converter calls them ``Identity:0``."""
    names = {output.name: name for output, name in zip(graph.output, OUTPUTS, strict=False)}
    _rename(graph, names | {graph.input[0].name: PICTURE})
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = _BATCH


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.input, *graph.output, *graph.value_info):
        value.name = names.get(value.name, value.name)
