"""Requests to the API: JSON, and forms with pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.support.http_client import Reply, ask


def post(path: str, value: Any, *, headers: Mapping[str, str] | None = None, method: str = "POST") -> Reply:
    """Send JSON."""
    named = {"Content-Type": "application/json", **(headers or {})}
    return ask(path, method=method, headers=named, body=(json.dumps(value).encode(),))


def post_pictures(path: str, *pictures: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    """Send picture files as a form."""
    named, body = form(*pictures)
    return ask(path, method="POST", headers={**named, **(headers or {})}, body=(body,))


def form(*pictures: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of a form with picture files: ``0.png``, ``1.png`` and so on."""
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="picture"; filename="{index}.png"\r\n\r\n'.encode()
        + picture
        + b"\r\n"
        for index, picture in enumerate(pictures)
    ]
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return headers, b"".join([*parts, f"--{boundary}--\r\n".encode()])
