"""Health, readiness and metrics of the server."""

from __future__ import annotations

import os
from dataclasses import dataclass

from starlette.responses import Response

import core
from core.errors import WorkspaceError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.metrics import CONTENT_TYPE_LATEST
from core.messages import N_
from core.records import Record
from core.workspace import home


@dataclass(frozen=True, kw_only=True)
class Health(Record):
    """State of the server."""

    status: str
    version: str


def health(call: Call) -> Health:
    return Health(status="ok", version=core.__version__)


def ready(call: Call) -> Health:
    """Answer that work can begin: the workspace can be written.

    Raises:
        WorkspaceError: it cannot.
    """
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise WorkspaceError(N_("The workspace {folder} cannot be written."), folder=str(folder))
    return health(call)


def metrics(call: Call) -> Response:
    return Response(call.metrics.text(), media_type=CONTENT_TYPE_LATEST)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/health",
        summary="Check that the server runs.",
        scope=None,
        handler=health,
        answer=Health,
        serves_run=True,
    ),
    Endpoint(
        method="GET",
        path="/ready",
        summary="Check that the server can work.",
        scope=None,
        handler=ready,
        answer=Health,
        serves_run=True,
    ),
    Endpoint(
        method="GET",
        path="/metrics",
        summary="Read the metrics for Prometheus.",
        scope=Scope.READ,
        handler=metrics,
        media_type="text/plain",
        serves_run=True,
    ),
)
