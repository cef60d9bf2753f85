"""Open Inference Protocol v2, which Triton's, KServe's and other clients speak: ``/v2``.

Every finished run is a model of its name, or of ``PROJECT/NAME``. It takes decoded pictures (``picture``) or files (``file``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from starlette.responses import Response

import core
from core.delivery.prediction import Classifier, Prediction
from core.errors import ConfigError, NotFoundError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.inference.answers import naming_picture
from core.http.inference.classifiers import LoadedRun
from core.http.inference.noting import note_if_wanted
from core.http.protocols.tensors import (
    BYTES,
    FP32,
    LENGTH_HEADER,
    UINT8,
    Tensor,
    inference_response,
    parse_request,
)
from core.http.receiving import require_few_pictures
from core.http.responses import json_response
from core.messages import N_
from core.prediction.noting import PictureAnswer
from core.records import JsonObject

PICTURE, FILE = "picture", "file"
PROBABILITIES, LABEL, STRANGER_SCORE = "probabilities", "label", "stranger_score"
MODEL_VERSION = "1"
# Between the labels of a picture that has several.
_SEPARATOR = "; "


def server_metadata(call: Call) -> Response:
    return json_response(
        {"name": "darkroom", "version": core.__version__, "extensions": ["binary_tensor_data"]}
    )


def live(call: Call) -> Response:
    return json_response({"live": True})


def ready(call: Call) -> Response:
    return json_response({"ready": True})


def model_ready(call: Call) -> Response:
    _model(call)
    return json_response({"name": _name(call), "ready": True})


def model_metadata(call: Call) -> Response:
    loaded = _model(call)
    size, classes = loaded.classifier.labels.input_size, len(loaded.classifier.labels.class_names)
    outputs = [_about(PROBABILITIES, FP32, [-1, classes]), _about(LABEL, BYTES, [-1])]
    if loaded.classifier.has_stranger_score:
        outputs.append(_about(STRANGER_SCORE, FP32, [-1]))
    return json_response(
        {
            "name": _name(call),
            "versions": [MODEL_VERSION],
            "platform": "darkroom_litert",
            # One of them is sent.
            "inputs": [_about(PICTURE, UINT8, [-1, size, size, 3]), _about(FILE, BYTES, [-1])],
            "outputs": outputs,
        }
    )


def infer(call: Call) -> Response:
    """Classify the pictures of a request.

    Raises:
        ConfigError: the request is not what the protocol wants.
        UnreadableImageError: a file is not a picture that can be read.
    """
    loaded = _model(call)
    request = parse_request(call.raw, call.headers.get(LENGTH_HEADER))
    pictures = _pictures(loaded.classifier, request.inputs)
    # One by one: the network is laid out for the number of its pictures, and most requests have one.
    answers = [loaded.classifier.predictions(picture[np.newaxis])[0] for picture in pictures]
    call.metrics.pictures.labels(loaded.run.name).inc(len(answers))
    if FILE in request.inputs:
        files = request.inputs[FILE].values.ravel()
        note_if_wanted(
            loaded,
            [
                PictureAnswer(name="", data=data, prediction=answer)
                for data, answer in zip(files, answers, strict=True)
            ],
        )
    return inference_response(request, _name(call), _outputs(loaded.classifier, answers))


def _model(call: Call) -> LoadedRun:
    if call.path.get("version", MODEL_VERSION) != MODEL_VERSION:
        raise NotFoundError(N_("A model has the version {version} alone."), version=MODEL_VERSION)
    return call.loaded


def _name(call: Call) -> str:
    """Name by which the client calls the model."""
    return call.path["run"]


def _about(name: str, datatype: str, shape: list[int]) -> JsonObject:
    return {"name": name, "datatype": datatype, "shape": shape}


def _pictures(classifier: Classifier, inputs: Mapping[str, Tensor]) -> np.ndarray:
    """Pictures of a request: uint8 RGB (n, input size, input size, 3)."""
    size = classifier.labels.input_size
    if inputs.keys() == {FILE} and inputs[FILE].datatype == BYTES:
        require_few_pictures(inputs[FILE].values.size)
        files = _decoded(classifier, inputs[FILE].values.ravel())
        return np.stack(files) if files else np.empty((0, size, size, 3), np.uint8)
    if inputs.keys() == {PICTURE} and inputs[PICTURE].datatype == UINT8:
        pictures = inputs[PICTURE].values
        if pictures.ndim == 4 and pictures.shape[1:] == (size, size, 3):
            return pictures
    raise ConfigError(
        N_("Send one input: “picture” of UINT8 [n, {size}, {size}, 3], or “file” of BYTES [n]."), size=size
    )


def _decoded(classifier: Classifier, files: np.ndarray) -> list[np.ndarray]:
    """Decode picture files; errors name their place in the input."""
    pictures = []
    for index, data in enumerate(files):
        with naming_picture(f"{FILE}[{index}]"):
            pictures.append(classifier.prepare(data))
    return pictures


def _outputs(classifier: Classifier, answers: Sequence[Prediction]) -> list[Tensor]:
    names = classifier.labels.class_names
    probabilities, labels = np.zeros((len(answers), len(names)), np.float32), np.empty(len(answers), object)
    for row, answer in enumerate(answers):
        of_class = {guess.name: guess.probability for guess in answer.guesses}
        probabilities[row] = [of_class[name] for name in names]
        labels[row] = _SEPARATOR.join(classifier.chosen_labels(answer.guesses)).encode()
    outputs = [
        Tensor(name=PROBABILITIES, datatype=FP32, values=probabilities),
        Tensor(name=LABEL, datatype=BYTES, values=labels),
    ]
    if classifier.has_stranger_score:
        scores = np.array([answer.stranger_score for answer in answers], np.float32)
        outputs.append(Tensor(name=STRANGER_SCORE, datatype=FP32, values=scores))
    return outputs


def _row(path: str, summary: str, handler: Callable[[Call], Response], *, scope: Scope | None) -> Endpoint:
    return Endpoint(method="GET", path=path, summary=summary, scope=scope, handler=handler, serves_run=True)


def _infer_row(path: str) -> Endpoint:
    return Endpoint(
        method="POST",
        path=path,
        summary="Classify pictures.",
        scope=Scope.PREDICT,
        handler=infer,
        takes_raw=True,
        serves_run=True,
        predicts=True,
    )


_VERSION = "/models/{run}/versions/{version}"
ENDPOINTS = (
    _row("/", "Describe the server.", server_metadata, scope=None),
    _row("/health/live", "Check that the server runs.", live, scope=None),
    _row("/health/ready", "Check that the server can work.", ready, scope=None),
    _row("/models/{run}", "Describe a model.", model_metadata, scope=Scope.PREDICT),
    _row(_VERSION, "Describe a model.", model_metadata, scope=Scope.PREDICT),
    _row("/models/{run}/ready", "Check that a model can predict.", model_ready, scope=Scope.PREDICT),
    _row(f"{_VERSION}/ready", "Check that a model can predict.", model_ready, scope=Scope.PREDICT),
    _infer_row("/models/{run}/infer"),
    _infer_row(f"{_VERSION}/infer"),
)
