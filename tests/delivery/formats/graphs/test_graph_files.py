"""Graph files answer as the network does, in their own runtime alone, and say what they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.labels.task import Task
from core.delivery.answering import Answerer, named_function
from core.delivery.exporter import Exporter
from core.delivery.formats.graphs import onnx_int8_format
from core.delivery.formats.graphs.coreml_format import COREML
from core.delivery.formats.graphs.onnx_float16_format import ONNX_FLOAT16
from core.delivery.formats.graphs.onnx_format import ONNX
from core.delivery.formats.graphs.onnx_int8_format import ONNX_INT8
from core.delivery.formats.graphs.openvino_format import OPENVINO
from core.delivery.formats.graphs.saved_model_format import SAVED_MODEL
from core.optional_packages import OPTIONAL_PACKAGES
from tests.support.tiny_classifier import CLASS_NAMES, FACTS, TinyModel, made

ROOT = Path(__file__).resolve().parents[4]
ROWS = (SAVED_MODEL, ONNX, ONNX_FLOAT16, ONNX_INT8, OPENVINO, COREML)
EXACT = [row for row in ROWS if row.opens and row.is_exact]


@pytest.fixture(autouse=True)
def calibration_pictures(tiny: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_int8_format, "calibration_pictures", lambda run: tiny.pictures)


def opened(row: Exporter, model: TinyModel) -> Answerer:
    """Make the file of a row and open it with its own runtime."""
    assert row.opens is not None
    answerer: Answerer = named_function(row.opens)(made(row, model))
    return answerer


def test_rows_name_packages_that_can_be_installed() -> None:
    assert {name for row in ROWS for name in row.packages} <= OPTIONAL_PACKAGES.keys()


@pytest.mark.parametrize("row", EXACT, ids=lambda row: row.code)
def test_float_files_answer_as_keras_does(tiny: TinyModel, row: Exporter) -> None:
    """Forty pictures and one: the batch is free."""
    answer = opened(row, tiny)
    probabilities, scores = tiny.expected()
    for count in (len(tiny.pictures), 1):
        answers = answer(tiny.pictures[:count])
        np.testing.assert_allclose(answers.probabilities, probabilities[:count], atol=1e-5)
        assert answers.scores is not None
        np.testing.assert_allclose(answers.scores, scores[:count, 0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("row", [SAVED_MODEL, ONNX, COREML], ids=lambda row: row.code)
def test_a_run_without_a_stranger_score_gives_none(tmp_path: Path, row: Exporter) -> None:
    model = TinyModel(tmp_path, has_score=False)
    file = made(row, model)
    if row.opens is not None:
        answers = named_function(row.opens)(file)(model.pictures)
        np.testing.assert_allclose(answers.probabilities, model.expected()[0], atol=1e-5)
        assert answers.scores is None


def test_float16_halves_the_file_and_leaves_the_score_in_float32(tiny: TinyModel) -> None:
    """In float16 the smallest probability would be 0 and its logarithm infinite."""
    answers = opened(ONNX_FLOAT16, tiny)(tiny.pictures)
    probabilities, scores = tiny.expected()
    np.testing.assert_allclose(answers.probabilities, probabilities, atol=0.02)
    assert answers.scores is not None
    np.testing.assert_allclose(answers.scores, scores[:, 0], atol=0.1)
    assert answers.probabilities.dtype == np.float32
    assert types_of_weights(made(ONNX_FLOAT16, tiny)) >= {"FLOAT16", "FLOAT"}
    assert "FLOAT16" not in types_of_weights(made(ONNX, tiny))


def test_int8_stores_the_weights_of_convolutions_in_a_byte_each(tiny: TinyModel) -> None:
    answers = opened(ONNX_INT8, tiny)(tiny.pictures)
    probabilities, scores = tiny.expected()
    assert np.abs(answers.probabilities - probabilities).mean() < 0.03
    assert answers.scores is not None
    assert np.corrcoef(answers.scores, scores[:, 0])[0, 1] > 0.95
    weights = {tensor.name: tensor for tensor in onnx_model(made(ONNX_INT8, tiny)).graph.initializer}
    convolutions = [tensor for tensor in weights.values() if len(tensor.dims) == 4]
    assert len(convolutions) == 2
    assert {tensor.data_type for tensor in convolutions} == {3}  # INT8


@pytest.mark.parametrize("row", [ONNX, ONNX_FLOAT16, ONNX_INT8], ids=lambda row: row.code)
def test_onnx_files_have_plain_names_a_free_batch_and_the_facts(tiny: TinyModel, row: Exporter) -> None:
    model = onnx_model(made(row, tiny))
    assert shapes(model.graph.input) == {"picture": ["batch", 16, 16, 3]}
    assert shapes(model.graph.output) == {"probabilities": ["batch", 3], "stranger_score": ["batch", 1]}
    metadata = {item.key: item.value for item in model.metadata_props}
    assert json.loads(metadata["labels"]) == list(CLASS_NAMES)
    assert json.loads(metadata["darkroom"]) == FACTS.to_json()
    assert model.producer_name == "Darkroom"


def test_a_saved_model_names_its_outputs_and_holds_the_facts(tiny: TinyModel, tmp_path: Path) -> None:
    import tensorflow as tf

    with zipfile.ZipFile(made(SAVED_MODEL, tiny)) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "saved_model"
    assert (folder / "assets.extra/labels.txt").read_text(encoding="utf-8").splitlines() == list(CLASS_NAMES)
    facts = json.loads((folder / "assets.extra/darkroom.json").read_text(encoding="utf-8"))
    assert facts == FACTS.to_json()
    network = tf.saved_model.load(folder)
    signature = network.signatures["serving_default"]
    assert signature.structured_input_signature[1].keys() == {"picture"}
    assert {name: value.shape.as_list() for name, value in signature.structured_outputs.items()} == {
        "probabilities": [None, 3],
        "stranger_score": [None, 1],
    }


def test_an_openvino_model_has_names_labels_and_the_facts(tiny: TinyModel) -> None:
    file = made(OPENVINO, tiny)
    import openvino

    with zipfile.ZipFile(file) as archive:
        model = openvino.Core().read_model(archive.read("model.xml"), archive.read("model.bin"))
    assert [value.get_names() for value in model.inputs] == [{"picture"}]
    assert [value.get_names() for value in model.outputs] == [{"probabilities"}, {"stranger_score"}]
    assert str(model.inputs[0].partial_shape) == "[?,16,16,3]"
    labels = model.get_rt_info(["model_info", "labels"]).astype(str)
    assert labels.split() == ["grey_cat", 'dog_"Rex"', "大熊猫"]
    assert json.loads(model.get_rt_info(["model_info", "darkroom"]).astype(str)) == FACTS.to_json()


def test_a_core_ml_package_takes_an_image_and_names_the_class(tiny: TinyModel, tmp_path: Path) -> None:
    """Core ML itself runs on Apple's systems alone."""
    description = core_ml(made(COREML, tiny), tmp_path).description
    (picture,) = description.input
    size = (picture.type.imageType.width, picture.type.imageType.height)
    assert (picture.name, *size) == ("picture", 16, 16)
    names = {output.name for output in description.output}
    assert names == {"class_name", "probabilities", "stranger_score"}
    assert description.predictedFeatureName == "class_name"
    assert description.predictedProbabilitiesName == "probabilities"
    metadata = description.metadata.userDefined
    assert json.loads(metadata["labels"]) == list(CLASS_NAMES)
    assert json.loads(metadata["darkroom"]) == FACTS.to_json()
    assert description.metadata.license == "Apache 2.0"


def test_core_ml_names_no_single_class_where_a_picture_shows_several(tmp_path: Path) -> None:
    model = TinyModel(tmp_path, facts=replace(FACTS, task=Task.MULTI_LABEL))
    description = core_ml(made(COREML, model), tmp_path).description
    assert {output.name for output in description.output} == {"probabilities", "stranger_score"}


@pytest.mark.parametrize("row", [ONNX, OPENVINO, SAVED_MODEL], ids=lambda row: row.code)
def test_a_file_opens_with_its_own_runtime_alone(tiny: TinyModel, row: Exporter) -> None:
    """Whoever receives it has neither Keras nor Darkroom's other packages."""
    file = made(row, tiny)
    program = (
        "import sys, numpy; from pathlib import Path; from core.delivery.answering import named_function\n"
        "sys.modules['keras'] = None  # cannot be imported\n"
        f"answers = named_function({row.opens!r})(Path({str(file)!r}))(numpy.zeros((1, 16, 16, 3), 'uint8'))\n"
        "print(answers.probabilities.shape)\n"
        "print(*sorted({'tensorflow', 'onnxruntime', 'openvino', 'pandas'} & set(sys.modules)))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    shape, loaded = outcome.stdout.splitlines()
    assert shape == "(1, 3)"
    assert loaded == {"onnx": "onnxruntime", "openvino": "openvino", "saved_model": "tensorflow"}[row.code]


def onnx_model(file: Path) -> Any:
    import onnx

    return onnx.load(file)


def shapes(values: Any) -> dict[str, list[str | int]]:
    """Dimensions by name: the name of a free one, the number of a fixed one."""
    return {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in values
    }


def types_of_weights(file: Path) -> set[str]:
    import onnx

    return {onnx.TensorProto.DataType.Name(tensor.data_type) for tensor in onnx_model(file).graph.initializer}


def core_ml(file: Path, folder: Path) -> Any:
    import coremltools

    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return coremltools.utils.load_spec(str(folder / "Classifier.mlpackage"))
