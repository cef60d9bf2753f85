"""Requests to an exported server that runs on this computer."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.command_line import PATIENCE_SECONDS

# Largest body that the servers of the tests take; two decoded pictures in JSON are smaller.
MAX_MEGABYTES = 2


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A run and the folder of its server."""

    run: Path
    folder: Path


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def answer(self) -> dict[str, Any]:
        """Answer to the only picture of the request."""
        (answer,) = self.json["predictions"]
        return answer


def ask(
    port: int,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    method: str | None = None,
) -> Reply:
    """Send one request over a connection of its own; with a body it is a POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, dict(headers or {}))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, named, response.read())
    finally:
        connection.close()
