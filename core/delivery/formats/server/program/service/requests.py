"""Requests: bodies within their limits, the pictures in them, and query parameters."""

import re
import time
from email.parser import BytesHeaderParser
from typing import NamedTuple
from urllib.parse import parse_qs

from service.errors import RequestError

MAX_PICTURES = 64
_CHUNK_BYTES = 1 << 16


class Request(NamedTuple):
    """A request whose body has arrived."""

    headers: object  # email.message.Message
    query: str
    body: bytes


def read_body(headers, stream, max_bytes, timeout):
    """Read the body of a request from its connection; nothing larger than ``max_bytes`` is held in memory."""
    length = _length_of(headers, max_bytes)
    body, deadline = bytearray(), time.monotonic() + timeout
    while len(body) < length:
        try:
            # Returns what one packet brings, so that slow senders meet the deadline as well.
            piece = stream.read1(min(_CHUNK_BYTES, length - len(body)))
        except TimeoutError:
            piece, deadline = b"", 0.0
        if time.monotonic() > deadline:
            raise RequestError(408, f"The body did not arrive within {timeout:g} seconds.")
        if not piece:
            raise ConnectionResetError("the client went away before the end of the body")
        body += piece
    return bytes(body)


def pictures_of(request):
    """Names and bytes of the pictures: files of a form, or the whole body as one picture."""
    if request.headers.get_content_type() != "multipart/form-data":
        if not request.body:
            raise RequestError(400, "The request holds no picture. Send its file as the body.")
        return [("picture", request.body)]
    pictures = list(_files_of(request.body, request.headers.get_boundary()))
    if not pictures:
        raise RequestError(400, "The form holds no picture. Send each as a file called “picture”.")
    if len(pictures) > MAX_PICTURES:
        raise RequestError(413, f"A request may hold {MAX_PICTURES} pictures. Send less at once.")
    return pictures


def top_of(request):
    """Query parameter ``top``: number of most probable classes in an answer."""
    value = parse_qs(request.query).get("top", ["5"])[-1]
    if not re.fullmatch("[1-9][0-9]{0,5}", value):
        raise RequestError(400, f"“top” is “{value[:40]}”; it must be a whole number from 1.")
    return int(value)


def _length_of(headers, max_bytes):
    length = headers.get("Content-Length", "")
    if "Transfer-Encoding" in headers or not (length.isascii() and length.isdecimal()):
        raise RequestError(411, "Send the body with its length, as Content-Length.")
    if len(length) > 15 or int(length) > max_bytes:
        raise RequestError(413, f"The body is larger than {max_bytes / 1e6:g} MB. Send less at once.")
    return int(length)


def _files_of(body, boundary):
    """Files of a multipart form (RFC 7578), each with its name."""
    if boundary is None:
        raise RequestError(400, "The form cannot be read: its Content-Type has no boundary.")
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1", "replace"))
    if not parts or not parts[-1].startswith(b"--"):
        raise RequestError(400, "The form cannot be read: it is cut off.")
    for part in parts[:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = BytesHeaderParser().parsebytes(head.lstrip()).get_filename()
        if name is not None:
            yield name[:200] or "picture", content
