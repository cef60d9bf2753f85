"""Reading of requests: bodies within their limit, JSON, forms with pictures, and query parameters."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncGenerator
from typing import Any, TypeVar, get_type_hints

from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from core.errors import ConfigError, MediaTypeError, RequestTooLargeError
from core.http.endpoint import SentPicture
from core.http.note import require_limits
from core.messages import N_
from core.records import JsonObject, Record

AnyRecord = TypeVar("AnyRecord", bound=Record)
MAX_RECORD_BYTES = 1_000_000
MAX_PICTURES_BYTES = 64_000_000
MAX_PICTURES = 64
# Beside the pictures of a form.
_MAX_FIELDS = 8
_WHOLE_NUMBER, _NUMBER = re.compile(r"-?\d{1,18}"), re.compile(r"-?\d{1,18}(\.\d{1,18})?")
_TRUTHS = {"true": True, "false": False}
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body; nothing beyond the limit is held in memory.

    Raises:
        RequestTooLargeError: the body is larger.
        ClientDisconnect: the client went away before its end.
    """
    length = request.headers.get("content-length", "")
    body = bytearray()
    is_too_large = length.isdecimal() and int(length[:20]) > limit
    if not is_too_large:
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                is_too_large = True
                break
    if is_too_large:
        raise RequestTooLargeError(
            N_("The body is larger than {limit} MB. Send less at once."), limit=limit / 1e6
        )
    return bytes(body)


def parse_json(body: bytes) -> Any:
    """Parse JSON from outside.

    Raises:
        ConfigError: it is not JSON, or has text that no file can hold.
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ConfigError(N_("The body is not JSON: {reason}."), reason=str(error)[:200]) from error
    return value


def parse_record(value: Any, kind: type[AnyRecord]) -> AnyRecord:
    """Read a record from JSON, and check its limits.

    Raises:
        ConfigError: a value is unknown, missing or out of range.
    """
    record = kind.from_json(value)
    require_limits(record)
    return record


def parse_query(parameters: QueryParams, kind: type[AnyRecord]) -> AnyRecord:
    """Read query parameters as a record; texts become the numbers that its fields want.

    Raises:
        ConfigError: a parameter is unknown, missing, repeated or out of range.
    """
    hints = get_type_hints(kind)
    values: JsonObject = {}
    for name, text in parameters.multi_items():
        if name in values:
            raise ConfigError(N_("The parameter {name} is given twice."), name=name[:80])
        values[name] = _value_of(text, str(hints.get(name, "")))
    return parse_record(values, kind)


async def pictures_of_form(body: bytes, request: Request) -> tuple[SentPicture, ...]:
    """Read the picture files of a multipart form.

    Raises:
        MediaTypeError: the body is no such form.
        ConfigError: the form is damaged, or holds no files.
        RequestTooLargeError: it holds too many.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise MediaTypeError(N_("Send pictures as multipart/form-data, or JSON as application/json."))

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    try:
        # Its own limit comes one file later.
        form = await _PicturesParser(
            request.headers, stream(), max_files=MAX_PICTURES + 1, max_fields=_MAX_FIELDS
        ).parse()
    # The parser looks up a parameter of the header that clients may leave out.
    except (MultiPartException, KeyError, UnicodeDecodeError) as error:
        reason = error.message if isinstance(error, MultiPartException) else "it has no boundary"
        raise ConfigError(N_("The form cannot be read: {reason}."), reason=reason.rstrip(".")) from error
    pictures = await _files_in(form)
    if not pictures:
        raise ConfigError(N_("The form holds no picture. Send each as a file called “picture”."))
    return pictures


def require_few_pictures(count: int) -> None:
    """Check the number of the picture files in a request: a few bytes can be a picture that is large once decoded.

    Raises:
        RequestTooLargeError: there are too many.
    """
    if count > MAX_PICTURES:
        raise RequestTooLargeError(
            N_("A request may hold {limit} picture files. Send less at once."), limit=MAX_PICTURES
        )


def picture_of_base64(name: str, text: str) -> SentPicture:
    """Read a picture that JSON holds as Base64.

    Raises:
        ConfigError: the text is not Base64.
    """
    try:
        return SentPicture(name=name, data=base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ConfigError(N_("“{name}” is not Base64: {reason}."), name=name, reason=str(error)) from error


class _PicturesParser(MultiPartParser):
    """Parser that keeps files in memory: the whole body is there already."""

    spool_max_size = MAX_PICTURES_BYTES

    def on_part_end(self) -> None:
        """End a field or a file.

        Raises:
            RequestTooLargeError: it is one picture too many.
        """
        super().on_part_end()
        require_few_pictures(sum(isinstance(value, UploadFile) for _, value in self.items))


async def _files_in(form: FormData) -> tuple[SentPicture, ...]:
    return tuple(
        [
            SentPicture(name=(file.filename or name)[:200], data=await file.read())
            for name, file in form.multi_items()
            if isinstance(file, UploadFile)
        ]
    )


def _value_of(text: str, hint: str) -> Any:
    if "bool" in hint and text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    if "int" in hint and _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if "float" in hint and _NUMBER.fullmatch(text):
        return float(text)
    return text


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
