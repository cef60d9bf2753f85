"""Requests to the HTTP routes, as a server would pass them on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.applications import Starlette

from core.files import sha256_bytes
from core.http.server import routes_under

LOCAL = ("localhost", "127.0.0.1")


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    headers: dict[str, str]
    pieces: list[bytes]

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def digest(self) -> str:
        """Of the body: pytest would take minutes to show how two large files differ."""
        return sha256_bytes(self.body)


def ask(
    path: str,
    *,
    method: str = "GET",
    host: str = "localhost:8501",
    base: str = "",
    allowed: tuple[str, ...] = LOCAL,
    is_local: bool = True,
    headers: Mapping[str, str] | None = None,
    body: Sequence[bytes | Callable[[], bytes]] = (b"",),
    is_cut_off: bool = False,
) -> Reply:
    """One request to the routes; ``path`` as written in an address.

    Args:
        is_local: the server listens on this computer alone.
        body: its pieces, in the order in which they arrive; a function is called when its turn comes.
        is_cut_off: the connection drops after them, and the request was to be longer.
    """
    parts = urlsplit(path)
    named = {"host": host, **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8501),
    }
    sent: list[MutableMapping[str, Any]] = []
    waiting = list(body)

    async def receive() -> dict[str, Any]:
        """The pieces; then the caller goes away, or neither says more nor goes away."""
        if waiting:
            piece = waiting.pop(0)
            data = piece() if callable(piece) else piece
            return {"type": "http.request", "body": data, "more_body": bool(waiting) or is_cut_off}
        if is_cut_off:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError("waits for ever")

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    # In a thread: the browser tests leave an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(
            asyncio.run,
            Starlette(routes=routes_under(base, allowed, is_local=is_local))(scope, receive, send),
        ).result()
    start, *bodies = sent
    received = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(status=start["status"], headers=received, pieces=[part.get("body", b"") for part in bodies])
