"""HTTP server: all routes below the base path of the pages, and the options of its socket."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import ConfigError
from core.http.access.hosts import HostCheck
from core.http.pages import ROUTES
from core.messages import N_

if TYPE_CHECKING:
    from core.http.application import Application

AnyRoute = TypeVar("AnyRoute", Mount, Route)
_OWN_NAMES = ("localhost", "127.0.0.1", "::1")
# Addresses of the API beside the routes of the pages.
_API_PATHS = (
    "/v1/{path:path}",
    "/label-studio/{path:path}",
    "/mcp",
    "/health",
    "/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
)


class Deferred:
    """ASGI application that is made at its first request, in a thread: its imports take about a second."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make, self._making = make, threading.Lock()
        self._application: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._application is None:
            await run_in_threadpool(self._made)
        assert self._application is not None
        await self._application(scope, receive, send)

    def _made(self) -> None:
        with self._making:
            if self._application is None:
                self._application = self._make()


class WithSlash:
    """ASGI application that asks another one for its root, at an address without the slash that mounts want."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope["path"]
        await self._application({**scope, "root_path": root, "path": f"{root}/"}, receive, send)


def routes_under(
    base_path: str, allowed_hosts: Sequence[str] = (), *, is_local: bool = True
) -> list[BaseRoute]:
    """Mount all routes as ``/api/...`` and ``/v2/...`` below the base path of the pages ("" for the root).

    Args:
        allowed_hosts: host names of the server; none means any. Streamlit checks only its own
            routes. Without this check, another site could point its name at this machine and
            read the answers (DNS rebinding).
        is_local: the server listens on this computer alone, so its programs need no token.
    """
    base = f"/{base_path.strip('/')}" if base_path.strip("/") else ""
    guard = [Middleware(HostCheck, allowed_hosts=list(allowed_hosts))] if allowed_hosts else []
    application = cache(lambda: _application(is_local=is_local))
    api, open_inference = Deferred(lambda: application().api), Deferred(lambda: application().open_inference)
    routes = [*ROUTES, *(_with_any_text(Route(path, api)) for path in _API_PATHS)]
    return [
        _with_any_text(Mount(f"{base}/api", routes=routes, middleware=guard)),
        *_open_inference_routes(f"{base}/v2", open_inference, guard),
    ]


def serve_run(run: Path, *, host: str, port: int, allowed_hosts: Sequence[str] = ()) -> None:
    """Serve the API of one run without pages, until the process is asked to end.

    Args:
        allowed_hosts: names of the server; on this computer alone, its own names are the default.
    """
    is_local = is_loopback(host)
    allowed = list(allowed_hosts) or (list(_OWN_NAMES) if is_local else [])
    guard = [Middleware(HostCheck, allowed_hosts=allowed)] if allowed else []
    application = _application(is_local=is_local, only_run=run)
    routes = [
        _with_any_text(Mount("/api", app=application.api, middleware=guard)),
        *_open_inference_routes("/v2", application.open_inference, guard),
    ]
    uvicorn.run(Starlette(routes=routes), host=host, port=port, log_level="warning", access_log=False)


def require_free(host: str, port: int) -> None:
    """Check that a server can listen here: uvicorn's own errors name no way out.

    Raises:
        ConfigError: the port is no number of one, or is in use, or this computer has no such address.
    """
    if not 0 < port < 1 << 16:
        raise ConfigError(N_("“{port}” is no port: it must be a number from 1 to 65535."), port=str(port))
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in addresses:
            with socket.socket(family, kind, protocol) as probe:
                # As servers do: connections that are about to end are no obstacle.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen()
    except OSError as error:
        raise ConfigError(
            N_(
                "A server cannot listen at {host}, port {port}: {reason}. Choose another with --port or --host."
            ),
            host=host,
            port=port,
            reason=error.strerror or str(error),
        ) from error


def is_loopback(address: str | None) -> bool:
    """True if a server at this address is reached from this computer alone; None stands for every interface."""
    return address in _OWN_NAMES


def _open_inference_routes(
    path: str, application: ASGIApp, guard: Sequence[Middleware]
) -> tuple[BaseRoute, ...]:
    """Mount the protocol; its clients ask for ``/v2`` without a slash, which the pages would answer."""
    return (
        Route(path, WithSlash(application), middleware=guard),
        _with_any_text(Mount(path, app=application, middleware=guard)),
    )


def _with_any_text(route: AnyRoute) -> AnyRoute:
    """Let a route match addresses with line ends too, which Starlette's ``.*`` leaves to the pages."""
    route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
    return route


def _application(*, is_local: bool, only_run: Path | None = None) -> Application:
    # It imports pandas and LiteRT, which would delay the start of the server.
    from core.http.application import Application

    return Application(is_local=is_local, only_run=only_run)


def send_at_once(port: int) -> None:
    """Switch off Nagle's algorithm (``TCP_NODELAY``) on this process's socket that listens on ``port``.

    asyncio does so for the sockets that it makes. Streamlit makes its own without a protocol
    number, which asyncio ignores. Every answer in two parts, head and body, would then wait 40 ms
    for the acknowledgement of the first. Connections inherit the option.
    """
    for connection in psutil.Process().net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.fd >= 0:
            with socket.socket(fileno=os.dup(connection.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
