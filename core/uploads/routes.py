"""Upload routes: tus 1.0 with creation, expiration and termination (https://tus.io/protocols/resumable-upload).

An upload is a collection of files. ``POST`` to the collection announces a file, ``PATCH`` appends
to it, ``HEAD`` returns its offset, ``DELETE`` removes it. ``GET`` on the collection, not part of
tus, lists all files with their offsets, so that an interrupted folder resumes after one request.

Streamlit checks neither login nor forgery on routes of ours, so every request must carry the
upload's token and come from a page of this server.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from email.utils import formatdate
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import (
    DarkroomError,
    HeaderTooLargeError,
    NoRoomError,
    NotFoundError,
    UploadConflictError,
    UploadDeniedError,
    UploadError,
    UploadTooLargeError,
    WorkspaceError,
)
from core.files import COPY_CHUNK_BYTES
from core.messages import N_
from core.uploads.store import KEEP_ABANDONED_SECONDS, Ticket, find_upload, remove_upload
from core.uploads.upload import AnnouncedFile, Upload

TUS_VERSION = "1.0.0"
TUS_EXTENSIONS = "creation,creation-with-upload,expiration,termination"
TOKEN_HEADER = "X-Upload-Token"  # noqa: S105 - a header's name
_BODY_TYPE = "application/offset+octet-stream"
# The path of a file, in Base64, needs at most 2,700.
MAX_METADATA_BYTES = 8192
# Digits of a number of bytes: up to a petabyte.
_MAX_DIGITS = 15
# The first class that fits decides.
_STATUS: tuple[tuple[type[DarkroomError], int], ...] = (
    (UploadDeniedError, 403),
    (NotFoundError, 404),
    (UploadConflictError, 409),
    (UploadTooLargeError, 413),
    (HeaderTooLargeError, 431),
    (NoRoomError, 507),
    (WorkspaceError, 500),
)

Handler = Callable[[Request, Upload], Awaitable[Response]]


def uploads_path() -> str:
    """Path of the uploads, without a leading slash; the upload's id and a slash follow."""
    return "api/uploads"


async def create(request: Request, upload: Upload) -> Response:
    """Announce a file; a body, if there is one, is its beginning."""
    if "upload-defer-length" in request.headers or "upload-concat" in request.headers:
        raise UploadError(
            N_("The size of a file must be known: send Upload-Length, and each file as a whole.")
        )
    metadata = _metadata(request)
    file = await run_in_threadpool(
        partial(
            upload.announce,
            _path_in(_decoded(metadata)),
            _number(request, "Upload-Length"),
            metadata=metadata,
        )
    )
    offset = (await run_in_threadpool(upload.state, file.path)).offset
    # A client that missed the answer announces a complete file again; its body is here already.
    is_body_new = offset < file.size_bytes and request.headers.get("content-type") == _BODY_TYPE
    if is_body_new:
        offset = await _append(request, upload, file, offset)
    # Relative to the address of the collection: correct below any prefix that a proxy strips.
    return Response(status_code=201, headers={"Location": file.id, "Upload-Offset": str(offset), **_expiry()})


async def head(request: Request, upload: Upload) -> Response:
    """Return the offset of a file, where an interrupted client resumes."""
    file = upload.announced(request.path_params["file"])
    state = await run_in_threadpool(upload.state, file.path)
    headers = {"Upload-Offset": str(state.offset), "Upload-Length": str(file.size_bytes), **_expiry()}
    if file.metadata:
        headers["Upload-Metadata"] = file.metadata
    return Response(headers=headers)


async def append(request: Request, upload: Upload) -> Response:
    """Append the body to a file. At most one piece of it is held in memory.

    Bytes that arrive before a connection drops are kept.
    """
    if request.headers.get("content-type") != _BODY_TYPE:
        return Response(status_code=415)
    file = upload.announced(request.path_params["file"])
    offset = await _append(request, upload, file, _number(request, "Upload-Offset"))
    return Response(status_code=204, headers={"Upload-Offset": str(offset), **_expiry()})


async def terminate(request: Request, upload: Upload) -> Response:
    """Remove one file."""
    await run_in_threadpool(upload.remove, upload.announced(request.path_params["file"]))
    return Response(status_code=204)


async def list_files(request: Request, upload: Upload) -> Response:
    """List the announced files with their offsets."""
    states = await run_in_threadpool(upload.states)
    return JSONResponse([{"id": file.id, "path": file.path, **asdict(state)} for file, state in states])


async def terminate_all(request: Request, upload: Upload) -> Response:
    """Remove the upload with all its files."""
    await run_in_threadpool(remove_upload, upload)
    return Response(status_code=204)


def _guarded(handlers: Mapping[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
    """Check origin, protocol version and token before a handler, and turn errors into a status."""

    async def answer(request: Request) -> Response:
        try:
            _require_own_page(request)
            response = await _checked(request, handlers)
        except DarkroomError as error:
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
            response = JSONResponse({"error": str(error)}, status_code=status)
            if isinstance(error, UploadConflictError) and "offset" in error.message.values:
                response.headers["Upload-Offset"] = str(error.message.values["offset"])
        response.headers["Tus-Resumable"] = TUS_VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


async def _checked(request: Request, handlers: Mapping[str, Handler]) -> Response:
    if request.method == "OPTIONS":
        return Response(
            status_code=204, headers={"Tus-Version": TUS_VERSION, "Tus-Extension": TUS_EXTENSIONS}
        )
    # Some proxies forward GET and POST only.
    method = request.headers.get("x-http-method-override", request.method).upper()
    if request.headers.get("tus-resumable") != TUS_VERSION:
        return JSONResponse(
            {"error": f"The header Tus-Resumable must be {TUS_VERSION}."},
            status_code=412,
            headers={"Tus-Version": TUS_VERSION},
        )
    if TOKEN_HEADER not in request.headers:
        return JSONResponse({"error": f"The header {TOKEN_HEADER} is missing."}, status_code=401)
    ticket = Ticket(upload=request.path_params["upload"], token=request.headers[TOKEN_HEADER])
    upload = await run_in_threadpool(find_upload, ticket)
    if method not in handlers:
        return Response(status_code=405)
    return await handlers[method](request, upload)


def _require_own_page(request: Request) -> None:
    """Refuse requests from pages of other sites.

    ``Sec-Fetch-Site`` names the origin; no script can set it and no proxy changes it.
    Without it (old browsers, plain HTTP in a network), ``Origin`` must equal ``Host``,
    so a proxy must forward ``Host``. ``X-Forwarded-Host`` is ignored. Programs send
    neither header and need the token only.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    host = request.headers.get("host", "")
    if site is not None:
        is_own = site == "same-origin"
    else:
        is_own = origin is None or origin.partition("://")[2].lower() == host.lower()
    if not is_own:
        raise UploadDeniedError(
            N_(
                "A page of {origin} may not send files to {host}. "
                "If there is a proxy, it must forward the header Host unchanged."
            ),
            origin=origin or site,
            host=host,
        )


async def _append(request: Request, upload: Upload, file: AnnouncedFile, offset: int) -> int:
    """Write the body at ``offset``; returns the new offset."""
    part = await run_in_threadpool(
        partial(upload.write_to, file.path, offset=offset, size_bytes=file.size_bytes)
    )
    try:
        async for piece in _pieces(request):
            await run_in_threadpool(part.write, piece)
    finally:
        await run_in_threadpool(part.close)
    return part.offset


async def _pieces(request: Request) -> AsyncIterator[bytearray]:
    """Yield the body in pieces of about 1 MB, up to where the connection dropped."""
    piece = bytearray()
    with suppress(ClientDisconnect):
        async for data in request.stream():
            piece += data
            if len(piece) >= COPY_CHUNK_BYTES:
                yield piece
                piece = bytearray()
    yield piece


def _metadata(request: Request) -> str:
    """Return the header ``Upload-Metadata``, which is stored with the file."""
    metadata = request.headers.get("upload-metadata", "")
    if len(metadata) > MAX_METADATA_BYTES:
        raise HeaderTooLargeError(
            N_(
                "The header Upload-Metadata has {size} bytes; at most {limit} are possible. "
                "Send the path of the file and little else in it."
            ),
            size=len(metadata),
            limit=MAX_METADATA_BYTES,
        )
    return metadata


def _decoded(metadata: str) -> dict[str, str]:
    """Decode ``Upload-Metadata``: keys with Base64 values, separated by commas."""
    values = {}
    for pair in filter(None, map(str.strip, metadata.split(","))):
        key, _, value = pair.partition(" ")
        try:
            values[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise UploadError(
                N_("In the header Upload-Metadata, “{key}” is not text in Base64."), key=key[:40]
            ) from error
    return values


def _path_in(metadata: Mapping[str, str]) -> str:
    """Find the path of a file below its upload. Clients use different keys; Uppy writes "null" for none."""
    for key in ("relativePath", "filename", "name"):
        if metadata.get(key) not in {None, "", "null"}:
            return metadata[key]
    raise UploadError(N_("The header Upload-Metadata lacks “filename”: the path of the file."))


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > _MAX_DIGITS:
        raise UploadError(
            N_("The header {header} must be a number of bytes; it is “{value}”."),
            header=header,
            value=text[:40],
        )
    return int(text)


def _expiry() -> dict[str, str]:
    return {"Upload-Expires": formatdate(time.time() + KEEP_ABANDONED_SECONDS, usegmt=True)}


def _route(path: str, handlers: Mapping[str, Handler]) -> Route:
    return Route(path, _guarded(handlers), methods=sorted({*handlers, "OPTIONS", "POST"}))


ROUTES = [
    _route("/uploads/{upload}/", {"POST": create, "GET": list_files, "DELETE": terminate_all}),
    _route("/uploads/{upload}/{file}", {"HEAD": head, "PATCH": append, "DELETE": terminate}),
]
