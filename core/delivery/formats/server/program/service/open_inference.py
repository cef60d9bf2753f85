"""Open Inference Protocol v2 in JSON, which Triton's, KServe's and other clients speak: ``/v2``.

The model takes decoded pictures (``picture``) or picture files in Base64 (``file``).
"""

import base64
import json

import numpy as np
from predict import LABELS, labels

from service.errors import RequestError
from service.requests import MAX_PICTURES

MODEL, VERSION = LABELS["run"], "1"
_SIZE, _CLASSES = LABELS["input_size"], LABELS["class_names"]
# Between the labels of a picture that has several.
_SEPARATOR = "; "


def server_metadata(classifier, request):
    return {"name": "darkroom", "version": LABELS["darkroom_version"], "extensions": []}


def live(classifier, request):
    return {"live": True}


def ready(classifier, request):
    return {"ready": True}


def model_ready(classifier, request):
    return {"name": MODEL, "ready": True}


def model_metadata(classifier, request):
    return {
        "name": MODEL,
        "versions": [VERSION],
        "platform": "darkroom_litert",
        # One of them is sent.
        "inputs": [_about("picture", "UINT8", [-1, _SIZE, _SIZE, 3]), _about("file", "BYTES", [-1])],
        "outputs": _about_outputs(classifier.has_score),
    }


def infer(classifier, request):
    """Classify the pictures of a request."""
    if "Inference-Header-Content-Length" in request.headers:
        raise RequestError(415, "This server takes JSON alone. Clients of Triton set binary_data=False.")
    content = _content_of(request.body)
    outputs = _outputs(_answers(classifier, content.get("inputs", [])), classifier.has_score)
    names = [item.get("name") for item in content.get("outputs", [])] or list(outputs)
    if unknown := [str(name)[:80] for name in names if name not in outputs]:
        raise RequestError(400, f"There is no output “{unknown[0]}”. Choose from: {', '.join(outputs)}.")
    reply = {"model_name": MODEL, "model_version": VERSION, "outputs": [outputs[name] for name in names]}
    return reply | ({"id": content["id"]} if isinstance(content.get("id"), str) else {})


def _about(name, datatype, shape):
    return {"name": name, "datatype": datatype, "shape": shape}


def _content_of(body):
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"The body is not JSON: {str(error)[:200]}.") from error
    for key in ("inputs", "outputs"):
        items = content.get(key, []) if isinstance(content, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise RequestError(400, f"The request must be a JSON object, and “{key}” a list of objects.")
    return content


def _answers(classifier, inputs):
    """Probabilities by class, and the stranger score, of each picture."""
    kind = (inputs[0].get("name"), inputs[0].get("datatype")) if len(inputs) == 1 else None
    try:
        if kind == ("file", "BYTES"):
            files = _files(inputs[0]["data"])
            return [classifier.outputs_of_file("The picture", data) for data in files]
        if kind == ("picture", "UINT8"):
            return [classifier.outputs_of_pixels(pixels) for pixels in _arrays(inputs[0]["data"])]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RequestError(400, f"“data” of the input cannot be read: {str(error)[:200]}.") from error
    raise RequestError(
        400, f"Send one input: “picture” of UINT8 [n, {_SIZE}, {_SIZE}, 3], or “file” of BYTES [n] in Base64."
    )


def _files(texts):
    if len(texts) > MAX_PICTURES:
        raise RequestError(413, f"A request may hold {MAX_PICTURES} picture files. Send less at once.")
    return [base64.b64decode(text, validate=True) for text in texts]


def _arrays(data):
    numbers = np.array(data, np.float64)
    if not np.isin(numbers, np.arange(256)).all():
        raise ValueError("the values must be whole numbers from 0 to 255")
    return numbers.astype(np.uint8).reshape(-1, _SIZE, _SIZE, 3)


def _outputs(answers, has_score):
    """Outputs by name, in the protocol's form."""
    rows = [[probabilities[name] for name in _CLASSES] for probabilities, _ in answers]
    values = {
        "probabilities": [value for row in rows for value in row],
        "label": [_SEPARATOR.join(labels(probabilities)) for probabilities, _ in answers],
        "stranger_score": [score for _, score in answers],
    }
    return {
        one["name"]: one | {"shape": [len(answers), *one["shape"][1:]], "data": values[one["name"]]}
        for one in _about_outputs(has_score)
    }


def _about_outputs(has_score):
    outputs = [_about("probabilities", "FP32", [-1, len(_CLASSES)]), _about("label", "BYTES", [-1])]
    return [*outputs, _about("stranger_score", "FP32", [-1])] if has_score else outputs
