"""The HTTP routes hand out exact files, to this machine's own pages only."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from starlette.applications import Starlette

import core
from core.api import export_path, plotly_script_path, routes_under
from core.delivery.export import ExportFormat
from core.delivery.files import keras_file, parity_file, tflite_file
from core.files import hash_file, sha256_bytes

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
) -> Reply:
    """One request to the routes, as a server would pass it on; ``path`` as written in an address."""
    parts = urlsplit(path)
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
        "headers": [(b"host", host.encode())],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8501),
    }
    sent: list[MutableMapping[str, Any]] = []

    asked = False

    async def receive() -> dict[str, Any]:
        """The empty request first; then the caller neither says more nor goes away."""
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    # In a thread: the browser tests leave an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, Starlette(routes=routes_under(base, allowed))(scope, receive, send)).result()
    start, *bodies = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(status=start["status"], headers=headers, pieces=[body.get("body", b"") for body in bodies])


def test_the_server_says_that_it_is_well_and_which_version_it_is() -> None:
    reply = ask("/api/health")
    assert reply.status == 200
    assert json.loads(reply.body) == {"status": "ok", "version": core.__version__}


@pytest.mark.parametrize("base", ["darkroom", "/darkroom/", "tools/darkroom"])
def test_routes_move_with_the_pages(base: str) -> None:
    """Behind a proxy the pages are served under a path."""
    assert ask(f"/{base.strip('/')}/api/health", base=base).status == 200
    assert ask("/api/health", base=base).status == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.0.7:8501", ""])
def test_another_name_for_this_machine_is_refused(finished_run: Path, host: str) -> None:
    """A site that points its own name at 127.0.0.1 could read every classifier (DNS rebinding)."""
    for path in ("/api/health", "/" + export_path(finished_run.name, ExportFormat.TFLITE)):
        reply = ask(path, host=host)
        assert reply.status == 400
        assert len(reply.body) < 100


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1:8501"])
def test_its_own_names_are_answered(host: str) -> None:
    assert ask("/api/health", host=host).status == 200


def test_without_names_any_is_answered() -> None:
    """Who serves Darkroom in a network on purpose sets none."""
    assert ask("/api/health", host="darkroom.lan", allowed=()).status == 200


def test_plotly_is_the_file_that_its_package_ships() -> None:
    """Pages load nothing from other machines; the version in the address lets browsers keep it."""
    reply = ask("/" + plotly_script_path())
    assert reply.digest == hash_file(Path(str(files("plotly"))) / "package_data" / "plotly.min.js")
    assert reply.headers["content-type"].startswith("text/javascript")
    assert "immutable" in reply.headers["cache-control"]
    assert plotly_script_path().endswith(f"?v={version('plotly')}")


@pytest.mark.parametrize(
    ("kind", "file"), [(ExportFormat.KERAS, keras_file), (ExportFormat.TFLITE, tflite_file)]
)
def test_an_export_is_the_proven_file_byte_for_byte(
    finished_run: Path, kind: ExportFormat, file: Any
) -> None:
    reply = ask("/" + export_path(finished_run.name, kind))
    assert reply.status == 200
    assert reply.digest == hash_file(file(finished_run))
    assert reply.headers["content-length"] == str(file(finished_run).stat().st_size)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"] == f'attachment; filename="{finished_run.name}.{kind.value}"'


def test_an_export_never_lies_in_memory_whole(finished_run: Path) -> None:
    """A network of half a gigabyte would push the web process far past its 400 MB."""
    reply = ask("/" + export_path(finished_run.name, ExportFormat.KERAS))
    assert sum(map(len, reply.pieces)) > 10_000_000
    assert max(map(len, reply.pieces)) <= 1 << 20


def test_a_bundle_is_made_when_it_is_asked_for(finished_run: Path, tmp_path: Path) -> None:
    reply = ask("/" + export_path(finished_run.name, ExportFormat.BUNDLE))
    assert reply.headers["content-disposition"].endswith(f'"{finished_run.name}.zip"')
    (tmp_path / "bundle.zip").write_bytes(reply.body)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert sha256_bytes(bundle.read("model.tflite")) == hash_file(tflite_file(finished_run))


def test_a_head_request_gets_the_size_and_no_body(finished_run: Path) -> None:
    reply = ask("/" + export_path(finished_run.name, ExportFormat.TFLITE), method="HEAD")
    assert reply.status == 200
    assert reply.body == b""
    assert reply.headers["content-length"] == str(tflite_file(finished_run).stat().st_size)


@pytest.mark.parametrize(
    "run", ["run-none", "..", "%2e%2e", "..%2f..%2fproject.json", "%00", "%ff", "ü" * 300]
)
def test_a_run_that_is_not_there_is_not_found(finished_run: Path, run: str) -> None:
    """Nothing but the name of a run in this workspace finds a file."""
    reply = ask(f"/api/runs/{run}/export/tflite")
    assert reply.status == 404
    assert len(reply.body) < 1000


@pytest.mark.parametrize("kind", ["onnx", "KERAS", "..", "zip"])
def test_a_format_that_is_not_there_is_not_found(finished_run: Path, kind: str) -> None:
    assert ask(f"/api/runs/{finished_run.name}/export/{kind}").status == 404


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_a_run_without_a_proven_classifier_has_no_export(finished_run: Path, kind: ExportFormat) -> None:
    parity_file(finished_run).unlink()
    reply = ask("/" + export_path(finished_run.name, kind))
    assert reply.status == 404
    assert "has no finished classifier" in json.loads(reply.body)["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed_through_the_routes(finished_run: Path, method: str) -> None:
    """They have no login and no check against forged requests, so they only read."""
    for path in ("/api/health", "/" + export_path(finished_run.name, ExportFormat.TFLITE)):
        assert ask(path, method=method).status == 405
    assert tflite_file(finished_run).exists()
