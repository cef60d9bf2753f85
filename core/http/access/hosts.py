"""Host check: requests that name another host than this server's are refused as problem details."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.http.problems import problem

_BAD_REQUEST = 400


class HostCheck:
    """ASGI middleware; Starlette's own decides, but refuses in plain text."""

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        """Guard an application.

        Args:
            allowed_hosts: names of the server; ``*.example.com`` stands for all below it.
        """
        self._app, self._allowed_hosts = app, list(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_allowed = False

        async def allow(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal is_allowed
            is_allowed = True

        async def drop(message: Message) -> None:
            """Leave out the refusal in plain text."""

        await TrustedHostMiddleware(allow, self._allowed_hosts, www_redirect=False)(scope, receive, drop)
        if is_allowed:
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")[:80]
        detail = f"This server is not called “{host}”. Ask for it by one of its own names."
        await problem(_BAD_REQUEST, detail, "host")(scope, receive, send)
