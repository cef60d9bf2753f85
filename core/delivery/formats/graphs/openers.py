"""Graph files in their own runtimes: ONNX Runtime, OpenVINO, TensorFlow.

Each function imports its runtime itself: the process that calls one holds no other.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.delivery.answering import Answerer
from core.delivery.formats.interface import OUTPUTS, PICTURE, SIGNATURE, answer_in_batches

# Names inside the zip files.
SAVED_MODEL_FOLDER = "saved_model"
OPENVINO_MODEL, OPENVINO_WEIGHTS = "model.xml", "model.bin"


def open_onnx(file: Path) -> Answerer:
    """Load an ONNX file in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    there = {output.name for output in session.get_outputs()}
    names = [name for name in OUTPUTS if name in there]
    return answer_in_batches(lambda pictures: session.run(names, {PICTURE: pictures}))


def open_openvino(file: Path) -> Answerer:
    """Load a zipped OpenVINO model in OpenVINO, on the CPU."""
    import openvino

    with zipfile.ZipFile(file) as archive:
        model, weights = archive.read(OPENVINO_MODEL), archive.read(OPENVINO_WEIGHTS)
    core = openvino.Core()
    # Some processors would compute in bfloat16 otherwise.
    settings = {"EXECUTION_MODE_HINT": "ACCURACY"}
    compiled = core.compile_model(core.read_model(model, weights), "CPU", settings)
    there = {name for output in compiled.outputs for name in output.get_names()}
    names = [name for name in OUTPUTS if name in there]

    def run(pictures: np.ndarray) -> list[np.ndarray]:
        outputs = compiled({PICTURE: pictures})
        return [np.array(outputs[name]) for name in names]

    return answer_in_batches(run)


def open_saved_model(file: Path) -> Answerer:
    """Load a zipped SavedModel in TensorFlow."""
    import tensorflow as tf

    with TemporaryDirectory(prefix="darkroom-") as folder, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
        network = tf.saved_model.load(Path(folder, SAVED_MODEL_FOLDER))

    def run(pictures: np.ndarray) -> list[np.ndarray]:
        # Looked up here, so that ``network`` lives on: the signature alone does not hold its variables.
        outputs = network.signatures[SIGNATURE](**{PICTURE: tf.constant(pictures)})
        return [outputs[name].numpy() for name in OUTPUTS if name in outputs]

    return answer_in_batches(run)
