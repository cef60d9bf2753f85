"""Weights of an ONNX classifier that lose little in int8: multiples of a step, chosen on sample pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from core.delivery.formats.interface import PICTURE
from core.delivery.formats.weight_rounding import PICTURES, Convolution, InputMoments, rounded

# Steps from 0 to the largest weight: ``reduce_range`` stores weights from -64 to 64.
_LEVELS = 64
_INPUT, _KERNEL, _BIAS = range(3)


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """A convolution of the graph."""

    node: onnx.NodeProto
    convolution: Convolution
    # rows and columns
    results: tuple[int, int]


def round_weights(file: Path, pictures: np.ndarray) -> None:
    """Round the weights of the convolutions in a float32 file that knows its shapes, in place.

    Args:
        pictures: uint8 (n, S, S, 3), n above 0.
    """
    model = onnx.load(file)
    layers = tuple(_layers(model.graph))
    moments = [InputMoments() for _ in layers]
    random = np.random.default_rng(0)
    sources = [layer.node.input[_INPUT] for layer in layers]
    for maps in _runs(model, sources, pictures[:PICTURES]):
        for layer, source, inputs in zip(layers, sources, moments, strict=True):
            inputs.add(layer.convolution.drawn_inputs(maps[source], layer.results, random))
    for layer, inputs in zip(layers, moments, strict=True):
        weights, correction = rounded(layer.convolution.rows, inputs, _LEVELS)
        kernel = np.moveaxis(weights.reshape(layer.convolution.kernel.shape), 3, 1)
        _replace(model.graph, layer.node, kernel, correction.ravel())
    onnx.save(model, file)


def _layers(graph: onnx.GraphProto) -> Iterator[_Layer]:
    """Find the convolutions with constant weights that no other node reads."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    readers = Counter(name for node in graph.node for name in node.input)
    shapes = {value.name: value.type.tensor_type.shape.dim for value in graph.value_info}
    for node in graph.node:
        if node.op_type != "Conv" or any(name not in constants for name in node.input[_KERNEL:]):
            continue
        kernel, shape = constants[node.input[_KERNEL]], shapes.get(node.output[0], ())
        if readers[kernel.name] > 1 or len(kernel.dims) != 4 or len(shape) != 4:
            continue
        convolution = _convolution(numpy_helper.to_array(kernel), node)
        if convolution is not None and convolution.can_be_rounded:
            yield _Layer(node=node, convolution=convolution, results=(shape[2].dim_value, shape[3].dim_value))


def _convolution(kernel: np.ndarray, node: onnx.NodeProto) -> Convolution | None:
    """Weights and places of a convolution; None for one with holes."""
    attributes: dict[str, Any] = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    if set(attributes.get("dilations", ())) - {1} or attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
        return None
    top, left, *_ = attributes.get("pads", (0, 0))
    down, right = attributes.get("strides", (1, 1))
    return Convolution(
        kernel=np.moveaxis(kernel, 1, 3),
        groups=attributes.get("group", 1),
        stride=(down, right),
        padding=(top, left),
    )


def _runs(
    model: onnx.ModelProto, names: Sequence[str], pictures: np.ndarray
) -> Iterator[dict[str, np.ndarray]]:
    """Run the network on each picture, and collect feature maps: float32 (H, W, C) by name."""
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    wanted = sorted(set(names))
    open_model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    session = onnxruntime.InferenceSession(open_model.SerializeToString(), providers=["CPUExecutionProvider"])
    for picture in pictures:
        maps = session.run(wanted, {PICTURE: picture[np.newaxis]})
        yield {name: np.moveaxis(values[0], 0, 2) for name, values in zip(wanted, maps, strict=True)}


def _replace(
    graph: onnx.GraphProto, node: onnx.NodeProto, kernel: np.ndarray, correction: np.ndarray
) -> None:
    """Give a convolution another kernel, and a bias of its own; the converter stores equal ones once."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    constants[node.input[_KERNEL]].CopyFrom(numpy_helper.from_array(kernel, node.input[_KERNEL]))
    has_bias = len(node.input) > _BIAS
    bias = numpy_helper.to_array(constants[node.input[_BIAS]]) if has_bias else 0
    del node.input[_BIAS:]
    node.input.append(f"{node.output[0]}_bias")
    graph.initializer.append(numpy_helper.from_array(bias + correction, node.input[_BIAS]))
