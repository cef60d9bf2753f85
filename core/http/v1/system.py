"""Health, readiness and metrics of the server, and the backbones that it knows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

from starlette.responses import Response

import core
from core.errors import WorkspaceError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.metrics import CONTENT_TYPE_LATEST
from core.http.openapi.note import Note
from core.messages import N_
from core.models.backbones import BACKBONES
from core.models.weights.store import weights_ready
from core.records import Record
from core.workspace import home


@dataclass(frozen=True, kw_only=True)
class Health(Record):
    """State of the server."""

    status: str
    version: str


@dataclass(frozen=True, kw_only=True)
class BackboneView(Record):
    """A network to choose from."""

    key: str
    name: str
    input_size: Annotated[int, Note(text="Pixels a side.")]
    parameters: int
    imagenet_top1: float | None
    is_ready: Annotated[bool, Note(text="Its weights are on this computer.")]
    licence: str


@dataclass(frozen=True, kw_only=True)
class BackboneList(Record):
    """All backbones."""

    backbones: tuple[BackboneView, ...]


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


def backbones(call: Call) -> BackboneList:
    return BackboneList(
        backbones=tuple(
            BackboneView(
                key=backbone.key,
                name=backbone.name,
                input_size=backbone.input_size,
                parameters=backbone.parameters,
                imagenet_top1=backbone.imagenet_top1,
                is_ready=weights_ready(backbone),
                licence=backbone.licence,
            )
            for backbone in BACKBONES.values()
        )
    )


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
    Endpoint(
        method="GET",
        path="/v1/backbones",
        summary="List the networks to choose from.",
        scope=Scope.READ,
        handler=backbones,
        answer=BackboneList,
    ),
)
