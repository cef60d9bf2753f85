"""Rounded weights of an ONNX file: the quantiser keeps them, and its answers come nearer to the network's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.delivery.formats.graphs.onnx_format import ONNX
from core.delivery.formats.graphs.onnx_int8_format import _fold, _quantise
from core.delivery.formats.graphs.openers import open_onnx
from tests.support.tiny_classifier import TinyModel, made


@pytest.fixture
def folded(tiny: TinyModel, tmp_path: Path) -> Path:
    """The float32 file as it is quantised."""
    file = tmp_path / "folded.onnx"
    _fold(made(ONNX, tiny), file)
    return file


def test_inputs_are_those_that_a_convolution_multiplies(folded: Path, tiny: TinyModel) -> None:
    """Strides and rows of zeros are read from the graph: each place gives the result that the runtime has."""
    import onnx
    from onnx import numpy_helper

    from core.delivery.formats.graphs.onnx_rounding import _layers, _runs

    model = onnx.load(folded)
    constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    layers = list(_layers(model.graph))
    assert [layer.results for layer in layers] == [(8, 8), (4, 4)]
    for layer in layers:
        source, _, *bias = layer.node.input
        result = layer.node.output[0]
        (maps,) = _runs(model, [source, result], tiny.pictures[:1])
        positions = np.array([[0, 0], [1, 2], [layer.results[0] - 1, layer.results[1] - 1]])
        inputs = layer.convolution.inputs(maps[source], positions)
        results = np.einsum("gnk,grk->ngr", inputs, layer.convolution.rows).reshape(3, -1)
        expected = maps[result][positions[:, 0], positions[:, 1]]
        np.testing.assert_allclose(results + sum(constants[name] for name in bias), expected, atol=1e-4)


def test_the_quantiser_keeps_every_weight(folded: Path, tiny: TinyModel, tmp_path: Path) -> None:
    """Its steps are 64 from 0 to the largest weight of a row."""
    import onnx
    from onnx import numpy_helper

    from core.delivery.formats.graphs.onnx_rounding import round_weights

    round_weights(folded, tiny.pictures)
    chosen = [numpy_helper.to_array(item) for item in onnx.load(folded).graph.initializer]
    _quantise(folded, tmp_path / "int8.onnx", tiny.pictures)
    stored = {
        item.name: numpy_helper.to_array(item) for item in onnx.load(tmp_path / "int8.onnx").graph.initializer
    }
    kernels = {name: values for name, values in stored.items() if values.ndim == 4}
    assert len(kernels) == 2
    for name, kernel in kernels.items():
        scale = stored[name.removesuffix("_quantized") + "_scale"][:, None, None, None]
        assert np.abs(kernel.astype(int)).max() == 64
        assert any(
            values.shape == kernel.shape and np.allclose(values, kernel * scale, atol=1e-6)
            for values in chosen
        )


def test_answers_come_nearer_to_those_of_the_network(folded: Path, tiny: TinyModel, tmp_path: Path) -> None:
    from core.delivery.formats.graphs.onnx_rounding import round_weights

    def loss(name: str) -> float:
        _quantise(folded, tmp_path / name, tiny.pictures)
        answers = open_onnx(tmp_path / name)(tiny.pictures)
        return float(np.square(answers.probabilities - tiny.expected()[0]).mean())

    nearest = loss("nearest.onnx")
    round_weights(folded, tiny.pictures)
    assert loss("rounded.onnx") < nearest
