"""Label Studio's ML backend: pre-labels for its tasks, at ``/api/label-studio/RUN`` or ``…/PROJECT/RUN``.

Label Studio calls ``/health``, then ``/setup`` with the labelling interface of its project, then
``/predict`` with tasks. Pictures are read from the task itself or from the Label Studio that
``LABEL_STUDIO_URL`` names; no other address is opened.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit
from xml.etree import ElementTree as ET

from starlette.responses import Response

from core.errors import ConfigError, NotFoundError, RequestTooLargeError, UnreadableImageError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.inference.classifiers import LoadedRun
from core.http.receiving import MAX_PICTURES_BYTES, parse_json
from core.http.responses import json_response
from core.messages import N_
from core.records import JsonObject

# The names that Label Studio's own backends use.
URL_VARIABLE, KEY_VARIABLE = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"
_TIMEOUT_SECONDS = 20.0
# Of one request.
MOST_TASKS = 1000
# Label Studio waits for 100 s.
_LONGEST_SECONDS = 90.0
_logger = logging.getLogger(__name__)
# Signs with a meaning in an address (RFC 3986).
_ADDRESS_SIGNS = "%:/?#[]@!$&'()*+,;="


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The part of a labelling interface that a classifier fills in."""

    # Names of the control and of the picture that it labels.
    from_name: str
    to_name: str
    # Key of the picture in a task's data.
    field: str
    # Values that can be chosen; empty: any.
    values: frozenset[str]


def health(call: Call) -> Response:
    return json_response({"status": "UP", "model_class": "Darkroom"})


def setup(call: Call) -> Response:
    """Check that the run can predict and that the interface has choices for a picture."""
    loaded, body = call.loaded, _body(call)
    schema = body.get("schema") or body.get("label_config")
    if schema:
        find_choices(str(schema))
    return json_response({"model_version": loaded.run.name})


def predict(call: Call) -> Response:
    """Pre-label tasks. One whose picture cannot be read gets no label, nor do those that Label Studio waits for no more.

    Raises:
        ConfigError: the interface has no choices for a picture, or there is no list of tasks.
        RequestTooLargeError: there are too many.
    """
    loaded, body = call.loaded, _body(call)
    choices = find_choices(str(body.get("label_config") or ""))
    tasks, ends = _tasks_in(body), time.monotonic() + _LONGEST_SECONDS
    results = [
        _prelabel(loaded, task, choices) if time.monotonic() < ends else _without_label(loaded)
        for task in tasks
    ]
    call.metrics.pictures.labels(loaded.run.name).inc(len(results))
    return json_response({"results": results, "model_version": loaded.run.name})


def find_choices(label_config: str) -> Choices:
    """Find the choices of a picture in a labelling interface.

    Raises:
        ConfigError: it is not XML, or has no choices for a picture.
    """
    try:
        # Entities could name files, or grow without end.
        if "<!" in label_config.replace("<!--", ""):
            raise ET.ParseError("it declares entities")
        root = ET.fromstring(label_config)  # noqa: S314 - without declarations there are no entities
    except ET.ParseError as error:
        raise ConfigError(N_("The labelling interface is not XML: {reason}."), reason=str(error)) from error
    fields = {image.get("name", ""): image.get("value", "").removeprefix("$") for image in root.iter("Image")}
    for control in root.iter("Choices"):
        to_name = control.get("toName", "")
        if to_name in fields and control.get("name"):
            return Choices(
                from_name=control.get("name", ""),
                to_name=to_name,
                field=fields[to_name],
                values=frozenset(choice.get("value", "") for choice in control.iter("Choice")),
            )
    raise ConfigError(N_("The labelling interface needs “Choices” for an “Image”."))


def read_picture(address: str) -> bytes:
    """Read the picture of a task.

    Raises:
        NotFoundError: it is elsewhere than in the task or at the Label Studio that is allowed.
    """
    if address.startswith("data:"):
        return _embedded(address)
    target = _allowed(address)
    if target is None:
        raise NotFoundError(
            N_("The picture {address} is not at the Label Studio of {variable}; no other address is opened."),
            address=address[:200],
            variable=URL_VARIABLE,
        )
    request = urllib.request.Request(target)  # noqa: S310 - http or https, see above
    if key := os.environ.get(KEY_VARIABLE):
        request.add_header("Authorization", f"Token {key}")
    try:
        with _opener().open(request, timeout=_TIMEOUT_SECONDS) as response:
            data: bytes = response.read(MAX_PICTURES_BYTES)
    except (OSError, HTTPException) as error:
        raise NotFoundError(
            N_("The picture {address} could not be read: {error}."), address=address[:200], error=str(error)
        ) from error
    return data


def _allowed(address: str) -> str | None:
    """Return the whole address of a picture at the Label Studio that is allowed; None elsewhere."""
    base = os.environ.get(URL_VARIABLE, "")
    try:
        # Spaces and letters beyond ASCII are encoded; what is encoded already stays.
        target = quote(urljoin(base, address), safe=_ADDRESS_SIGNS)
        is_there = urlsplit(target)[:2] == urlsplit(base)[:2]
    except ValueError:
        return None
    return target if is_there and urlsplit(base).scheme in {"http", "https"} else None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead to another server."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirects)


def _embedded(address: str) -> bytes:
    head, _, data = address.partition(",")
    try:
        return base64.b64decode(data, validate=True) if head.endswith(";base64") else unquote_to_bytes(data)
    except (binascii.Error, ValueError) as error:
        raise NotFoundError(N_("The picture in the task is not Base64.")) from error


def _body(call: Call) -> JsonObject:
    body = parse_json(call.raw)
    if not isinstance(body, dict):
        raise ConfigError(N_("The body must be a JSON object."))
    return body


def _tasks_in(body: JsonObject) -> list[JsonObject]:
    tasks = body.get("tasks")
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise ConfigError(N_("“{name}” must be a list of objects."), name="tasks")
    if len(tasks) > MOST_TASKS:
        raise RequestTooLargeError(
            N_("The request has {count} tasks; at most {most} are answered at once. Select fewer."),
            count=len(tasks),
            most=MOST_TASKS,
        )
    return tasks


def _without_label(loaded: LoadedRun) -> JsonObject:
    """Answer to a task that gets no label; Label Studio expects one for each."""
    return {"result": [], "score": 0.0, "model_version": loaded.run.name}


def _prelabel(loaded: LoadedRun, task: Mapping[str, object], choices: Choices) -> JsonObject:
    nothing = _without_label(loaded)
    data = task.get("data")
    address = data.get(choices.field) if isinstance(data, dict) else None
    if not isinstance(address, str):
        return nothing
    classifier = loaded.classifier
    try:
        guesses = classifier.prediction(read_picture(address)).guesses
    except (NotFoundError, UnreadableImageError) as error:
        _logger.warning("a task of Label Studio gets no label: %r", str(error))
        return nothing
    labels = [
        name for name in classifier.chosen_labels(guesses) if not choices.values or name in choices.values
    ]
    if not labels:
        return nothing
    score = classifier.confidence(guesses)
    region = {
        "from_name": choices.from_name,
        "to_name": choices.to_name,
        "type": "choices",
        "value": {"choices": labels},
        "score": score,
    }
    return nothing | {"result": [region], "score": score}


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/label-studio/{run}/health",
        summary="Answer that the server runs.",
        scope=None,
        handler=health,
        serves_run=True,
    ),
    Endpoint(
        method="POST",
        path="/label-studio/{run}/setup",
        summary="Check a labelling interface.",
        scope=Scope.PREDICT,
        handler=setup,
        takes_raw=True,
        serves_run=True,
        predicts=True,
    ),
    Endpoint(
        method="POST",
        path="/label-studio/{run}/predict",
        summary="Pre-label tasks.",
        scope=Scope.PREDICT,
        handler=predict,
        takes_raw=True,
        serves_run=True,
        predicts=True,
    ),
)
