"""Uploads over HTTP: a page sends pieces of files, asks how far one has come, or gives up.

Owns who may send and which status a refusal has. Streamlit checks neither login
nor forgery on routes of ours, so a request must carry the upload's token and come
from a page of this very server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import (
    DarkroomError,
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
from core.uploads.store import Ticket, find_upload, forget_upload
from core.uploads.upload import Upload

TOKEN_HEADER = "X-Upload-Token"  # noqa: S105 - a header's name
_MOST_DIGITS = 15  # of a number in the address: a petabyte
_STATUS: tuple[tuple[type[DarkroomError], int], ...] = (  # the first that fits
    (UploadDeniedError, 403),
    (NotFoundError, 404),
    (UploadConflictError, 409),
    (UploadTooLargeError, 413),
    (NoRoomError, 507),
    (WorkspaceError, 500),
)

Handler = Callable[[Request, Upload], Awaitable[dict[str, Any]]]


def uploads_path() -> str:
    """Where a browser sends uploads, without a leading slash; the upload's id follows."""
    return "api/uploads"


async def receive(request: Request, upload: Upload) -> dict[str, Any]:
    """Append the body to the file; of it, no more than a piece lies in memory.

    A connection that drops leaves what came before it dropped.
    """
    size_bytes = _number(request, "size")
    part = await run_in_threadpool(
        partial(upload.write_to, _path(request), offset=_number(request, "offset"), size_bytes=size_bytes)
    )
    try:
        async for piece in _pieces(request):
            await run_in_threadpool(part.write, piece)
    finally:
        await run_in_threadpool(part.close)
    return {"offset": part.offset, "finished": part.offset == size_bytes}


async def tell(request: Request, upload: Upload) -> dict[str, Any]:
    """How far a file has come: where an interrupted one goes on."""
    state = await run_in_threadpool(upload.state, _path(request))
    return {"offset": state.offset, "finished": state.is_whole}


async def give_up(request: Request, upload: Upload) -> dict[str, Any]:
    """Remove the upload with all that came of it."""
    await run_in_threadpool(forget_upload, upload)
    return {}


def _guarded(handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Let ``handle`` answer whoever may use the upload; say in one sentence why others may not."""

    async def answer(request: Request) -> Response:
        try:
            _require_own_page(request)
            if TOKEN_HEADER not in request.headers:
                return JSONResponse({"error": f"The header {TOKEN_HEADER} is missing."}, status_code=401)
            ticket = Ticket(upload=request.path_params["upload"], token=request.headers[TOKEN_HEADER])
            return JSONResponse(await handle(request, await run_in_threadpool(find_upload, ticket)))
        except DarkroomError as error:
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
            offset = {"offset": error.message.values["offset"]} if _knows_offset(error) else {}
            return JSONResponse({"error": str(error), **offset}, status_code=status)

    return answer


def _knows_offset(error: DarkroomError) -> bool:
    return isinstance(error, UploadConflictError) and "offset" in error.message.values


def _require_own_page(request: Request) -> None:
    """Refuse what a page of another site sends.

    A browser says where a request comes from in ``Sec-Fetch-Site``, which no script
    can set and no proxy changes. Where that is missing (old browsers, plain HTTP in
    a network), the page's ``Origin`` must name the ``Host`` that was asked for, so a
    proxy has to pass that on. ``X-Forwarded-Host`` is not believed. Programs send
    neither; for them the token is enough.
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
                "Behind a proxy, let it pass on the Host that the browser asked for."
            ),
            origin=origin or site,
            host=host,
        )


async def _pieces(request: Request) -> AsyncIterator[bytearray]:
    """The body in pieces large enough to be worth a write, up to where the connection dropped."""
    piece = bytearray()
    with suppress(ClientDisconnect):
        async for data in request.stream():
            piece += data
            if len(piece) >= COPY_CHUNK_BYTES:
                yield piece
                piece = bytearray()
    yield piece


def _path(request: Request) -> str:
    if "path" not in request.query_params:
        raise UploadError(N_("The address lacks “path”: which file of the upload it is about."))
    return request.query_params["path"]


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise UploadError(
            N_("In the address, “{name}” must be a number of bytes; it is “{value}”."), name=name, value=text
        )
    return int(text)


ROUTES = [
    Route("/uploads/{upload}", _guarded(receive), methods=["PUT"]),
    Route("/uploads/{upload}", _guarded(tell), methods=["GET"]),
    Route("/uploads/{upload}", _guarded(give_up), methods=["DELETE"]),
]
