"""Tensors of the Open Inference Protocol v2, in JSON and in the binary extension.

A binary body is the JSON of the request, followed by the bytes of the tensors that state a
``binary_data_size``. The header ``Inference-Header-Content-Length`` alone tells the two forms
apart: clients send any content type, or none.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from starlette.responses import JSONResponse, Response

from core.errors import ConfigError
from core.http.receiving import MAX_PICTURES_BYTES, parse_json
from core.messages import N_
from core.records import JsonObject

LENGTH_HEADER = "Inference-Header-Content-Length"
BYTES, FP32, UINT8 = "BYTES", "FP32", "UINT8"
_BYTES_LENGTH = struct.Struct("<I")
_MOST_DIMENSIONS = 8


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A named tensor: of type BYTES an object array of ``bytes``, else numbers."""

    name: str
    datatype: str
    values: np.ndarray

    @property
    def raw(self) -> bytes:
        """Bytes in the binary extension."""
        if self.datatype == BYTES:
            return b"".join(_BYTES_LENGTH.pack(len(item)) + item for item in self.values.ravel())
        return self.values.tobytes()


@dataclass(frozen=True, kw_only=True)
class InferenceRequest:
    """A request to ``infer``. Keys that other servers add are ignored."""

    # Given back in the answer; None without one.
    id: str | None
    inputs: Mapping[str, Tensor]
    # Names of the outputs that are asked for, with their form; empty: all.
    outputs: Mapping[str, bool]
    # Form of the outputs that do not say.
    is_binary: bool


def parse_request(body: bytes, header_length: str | None) -> InferenceRequest:
    """Read the body of a request to ``infer``.

    Args:
        header_length: the header ``Inference-Header-Content-Length``; None without one.
    Raises:
        ConfigError: the body is not such a request.
    """
    length = len(body) if header_length is None else _length_of(header_length, body)
    content, rest = parse_json(body[:length]), body[length:]
    if not isinstance(content, dict):
        raise ConfigError(N_("The request must be a JSON object with “inputs”."))
    inputs, offset = {}, 0
    for item in _objects(content, "inputs"):
        size = _parameters(item).get("binary_data_size")
        raw = None
        if isinstance(size, int) and 0 <= size <= len(rest) - offset:
            raw, offset = rest[offset : offset + size], offset + size
        elif size is not None:
            raise ConfigError(N_("The body is shorter than “binary_data_size” says."))
        tensor = _tensor(item, raw)
        inputs[tensor.name] = tensor
    is_binary = _parameters(content).get("binary_data_output") is True
    return InferenceRequest(
        id=content["id"] if isinstance(content.get("id"), str) else None,
        inputs=inputs,
        outputs={
            str(item.get("name")): _parameters(item).get("binary_data", is_binary) is True
            for item in _objects(content, "outputs")
        },
        is_binary=is_binary,
    )


def inference_response(request: InferenceRequest, model: str, tensors: Sequence[Tensor]) -> Response:
    """Write the answer to ``infer``, each output in the form that was asked for.

    Raises:
        ConfigError: an output is asked for that the model does not have.
    """
    known = {tensor.name: tensor for tensor in tensors}
    if unknown := [name for name in request.outputs if name not in known]:
        raise ConfigError(
            N_("There is no output “{name}”. Choose from: {known}."),
            name=unknown[0][:80],
            known=", ".join(known),
        )
    outputs, raw = [], []
    for name, is_binary in (request.outputs or dict.fromkeys(known, request.is_binary)).items():
        described, data = _described(known[name], is_binary=is_binary)
        outputs.append(described)
        raw.append(data)
    content: JsonObject = {"model_name": model, "model_version": "1", "outputs": outputs}
    if request.id is not None:
        content["id"] = request.id
    rest = b"".join(raw)
    if not rest:
        return JSONResponse(content)
    header = json.dumps(content, separators=(",", ":")).encode()
    return Response(
        header + rest,
        media_type="application/octet-stream",
        headers={LENGTH_HEADER: str(len(header))},
    )


def _described(tensor: Tensor, *, is_binary: bool) -> tuple[JsonObject, bytes]:
    described: JsonObject = {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.values.shape),
    }
    if is_binary:
        raw = tensor.raw
        return described | {"parameters": {"binary_data_size": len(raw)}}, raw
    flat = tensor.values.ravel().tolist()
    return described | {"data": [item.decode() if isinstance(item, bytes) else item for item in flat]}, b""


def _length_of(text: str, body: bytes) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 12 or int(text) > len(body):
        raise ConfigError(
            N_("{header} is “{value}”; it must be the number of bytes of the JSON at the start of the body."),
            header=LENGTH_HEADER,
            value=text[:40],
        )
    return int(text)


def _objects(content: JsonObject, key: str) -> list[JsonObject]:
    items = content.get(key, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ConfigError(N_("“{name}” must be a list of objects."), name=key)
    return items


def _parameters(item: JsonObject) -> JsonObject:
    parameters = item.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def _tensor(item: JsonObject, raw: bytes | None) -> Tensor:
    name, datatype, shape = str(item.get("name"))[:80], item.get("datatype"), item.get("shape")
    if datatype not in {BYTES, UINT8}:
        raise ConfigError(
            N_("Input “{name}” has the datatype {datatype}; it must be UINT8 or BYTES."),
            name=name,
            datatype=str(datatype)[:40],
        )
    values = _values(name, str(datatype), item.get("data"), raw)
    if not _is_shape(shape) or math.prod(shape) != values.size:
        raise ConfigError(
            N_("Input “{name}” has {count} values, which do not fill its shape {shape}."),
            name=name,
            count=values.size,
            shape=str(shape)[:80],
        )
    return Tensor(name=name, datatype=str(datatype), values=values.reshape(shape))


def _is_shape(shape: object) -> TypeGuard[list[int]]:
    return (
        isinstance(shape, list)
        and len(shape) <= _MOST_DIMENSIONS
        and all(type(length) is int and 0 <= length <= MAX_PICTURES_BYTES for length in shape)
    )


def _values(name: str, datatype: str, data: Any, raw: bytes | None) -> np.ndarray:
    if raw is not None:
        return _byte_strings(name, raw) if datatype == BYTES else np.frombuffer(raw, np.uint8)
    try:
        if datatype == BYTES:
            return _objects_of([base64.b64decode(item, validate=True) for item in _flat(data)])
        numbers = np.array(data)
        if numbers.dtype.kind in "iu" and (not numbers.size or 0 <= numbers.min() <= numbers.max() <= 255):
            return numbers.astype(np.uint8).ravel()
    except (binascii.Error, TypeError, ValueError, OverflowError, RecursionError):
        pass
    raise ConfigError(
        N_("“data” of input “{name}” must be whole numbers from 0 to 255, or files in Base64 for BYTES."),
        name=name,
    )


def _byte_strings(name: str, raw: bytes) -> np.ndarray:
    """Split byte strings that stand behind their lengths, 4 bytes each."""
    items, offset = [], 0
    while offset < len(raw):
        end = offset + _BYTES_LENGTH.size
        size = _BYTES_LENGTH.unpack_from(raw, offset)[0] if end <= len(raw) else len(raw)
        if end + size > len(raw):
            raise ConfigError(N_("The byte strings of input “{name}” are cut off."), name=name)
        items.append(raw[end : end + size])
        offset = end + size
    return _objects_of(items)


def _objects_of(items: Sequence[bytes]) -> np.ndarray:
    values = np.empty(len(items), dtype=object)
    values[:] = items
    return values


def _flat(data: Any) -> list[Any]:
    return [leaf for item in data for leaf in _flat(item)] if isinstance(data, list) else [data]
