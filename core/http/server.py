"""HTTP server: all routes below the base path of the pages, and the options of its socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

import psutil
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount

from core.http.pages import ROUTES


def routes_under(base_path: str, allowed_hosts: Sequence[str] = ()) -> list[BaseRoute]:
    """Mount all routes as ``/api/...`` below the base path of the pages ("" for the root).

    Args:
        allowed_hosts: host names of the server; none means any. Streamlit checks only its own
            routes. Without this check, another site could point its name at this machine and
            read the answers (DNS rebinding).
    """
    base = base_path.strip("/")
    guard = [Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts))] if allowed_hosts else []
    return [Mount(f"/{base}/api" if base else "/api", routes=ROUTES, middleware=guard)]


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
