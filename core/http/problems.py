"""Errors of the API as problem details (RFC 9457)."""

from __future__ import annotations

import re
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from core.errors import (
    AmbiguousNameError,
    BusyError,
    DarkroomError,
    DiskFullError,
    InstallError,
    MediaTypeError,
    NoRoomError,
    NotFoundError,
    ProjectExistsError,
    RequestTooLargeError,
    ScopeError,
    TokenError,
    TooManyRequestsError,
    UnreadableImageError,
    UploadDeniedError,
    WorkspaceError,
)

MEDIA_TYPE = "application/problem+json"
# The client has gone, so nobody reads it; nginx's number, for the log and the metrics.
CLIENT_CLOSED_REQUEST = 499
# The first class that fits decides; any other error that the user can fix is 400.
STATUS_OF: tuple[tuple[type[DarkroomError], int], ...] = (
    (TokenError, 401),
    (ScopeError, 403),
    (UploadDeniedError, 403),
    (NotFoundError, 404),
    (AmbiguousNameError, 409),
    (BusyError, 409),
    (ProjectExistsError, 409),
    (RequestTooLargeError, 413),
    # An upload is larger than the room for it.
    (NoRoomError, 413),
    (MediaTypeError, 415),
    (UnreadableImageError, 422),
    (TooManyRequestsError, 429),
    (InstallError, 500),
    (DiskFullError, 507),
    (WorkspaceError, 400),
)


def problem(status: int, detail: str, code: str = "") -> JSONResponse:
    """Make the answer to a failed request.

    ``error`` repeats the sentence for clients of the Open Inference Protocol.
    """
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "error": detail}
    return JSONResponse(content | ({"code": code} if code else {}), status_code=status, media_type=MEDIA_TYPE)


def problem_of(error: DarkroomError) -> JSONResponse:
    """Make the answer to an error that the caller can fix."""
    status = next((status for kind, status in STATUS_OF if isinstance(error, kind)), 400)
    response = problem(status, str(error), error.message.code or _code_of(error))
    if isinstance(error, TokenError):
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequestsError):
        response.headers["Retry-After"] = "1"
    return response


async def handle_darkroom_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DarkroomError)
    return problem_of(error)


async def handle_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = problem(error.status_code, error.detail)
    response.headers.update(error.headers or {})
    return response


async def handle_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def handle_bug(request: Request, error: Exception) -> Response:
    """Answer without details; the server writes them to its log."""
    return problem(500, "An error inside Darkroom. Its log says more.")


HANDLERS = {
    DarkroomError: handle_darkroom_error,
    HTTPException: handle_http_exception,
    ClientDisconnect: handle_disconnect,
}


def _code_of(error: DarkroomError) -> str:
    """Name an error's class as a code: ``not_found`` for ``NotFoundError``."""
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
