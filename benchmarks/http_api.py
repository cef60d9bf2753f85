"""HTTP API under load: requests a second, the slowest of a hundred, errors and memory.

Eight clients send one photograph each, as forms over connections that stay open. The reference
is a bare server with the same network (``bare_server``). The server that people export answers too. All
run at once and are asked in turn, so the machine's load falls on them alike.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from core.delivery.exporter import FinishedModel
from core.delivery.formats.server.server_answers import running_server
from core.delivery.formats.server.server_format import make_server
from tests.support.command_line import run_command
from tests.support.pictures import photograph, write_folder
from tests.support.trained import real_digits

LEAST_PER_SECOND, LEAST_RATIO = 60.0, 0.8
MOST_MILLISECONDS, MOST_GROWTH_MEGABYTES = 300.0, 20.0
CLIENTS = 8
_ROUNDS, _ROUND_REQUESTS = 10, 1000
_START_SECONDS = 120.0
_BOUNDARY = "photograph"
_REFERENCE = "bare Starlette and LiteRT"


@dataclass(kw_only=True)
class Load:
    """Requests that a server answered."""

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server that takes a picture at a path."""

    port: int
    path: str
    # None: its memory is not measured
    process: psutil.Process | None = None
    load: Load = field(default_factory=Load)


def run(options: Options) -> list[Figure]:
    rounds, requests = (2, 40) if options.quick else (_ROUNDS, _ROUND_REQUESTS)
    with tempfile.TemporaryDirectory() as temporary:
        home, body = Path(temporary) / "workspace", _form(_photograph())
        run_name = _train(home, Path(temporary) / "source")
        trained = next(home.glob(f"projects/*/runs/{run_name}"))
        with (
            _darkroom(home, run_name) as ours,
            _bare(trained / "model.tflite") as bare,
            _exported(trained, Path(temporary) / "exported") as exported,
        ):
            for server in (ours, bare, exported):
                _ask_together(server, body, CLIENTS * 2, Load())
            before = _memory(ours)
            for _ in range(rounds):
                for server in (ours, bare, exported):
                    _ask_together(server, body, requests, server.load)
            growth = (_memory(ours) - before) / 1e6
    return [*_figures(ours.load, bare.load, growth), _exported_figure(exported.load, bare.load)]


def _memory(server: Served) -> int:
    assert server.process is not None
    return int(server.process.memory_info().rss)


def _exported_figure(exported: Load, bare: Load) -> Figure:
    return Figure(
        name="Exported server, 8 clients",
        measured=exported.per_second,
        unit="requests/s",
        reference=Reference(name=_REFERENCE, value=bare.per_second),
        target=Target(of="ratio", at_least=LEAST_RATIO),
        details={"errors": exported.errors, "p99_ms": float(np.percentile(exported.milliseconds, 99))},
    )


def _figures(ours: Load, bare: Load, growth: float) -> list[Figure]:
    slowest, reference = (float(np.percentile(load.milliseconds, 99)) for load in (ours, bare))
    return [
        Figure(
            name="API, 8 clients",
            measured=ours.per_second,
            unit="requests/s",
            reference=Reference(name=_REFERENCE, value=bare.per_second),
            target=Target(of="ratio", at_least=LEAST_RATIO),
        ),
        Figure(
            name="API, 8 clients, on this machine",
            measured=ours.per_second,
            unit="requests/s",
            target=Target(at_least=LEAST_PER_SECOND),
        ),
        Figure(
            name="API, 99th percentile",
            measured=slowest,
            unit="ms",
            reference=Reference(name=_REFERENCE, value=reference),
            less_is_better=True,
            target=Target(at_most=MOST_MILLISECONDS),
        ),
        Figure(
            name="API, errors",
            measured=float(ours.errors),
            unit=f"of {len(ours.milliseconds)}",
            target=Target(at_most=0.0),
        ),
        Figure(
            name="API, growth of memory",
            measured=growth,
            unit="MB",
            target=Target(at_most=MOST_GROWTH_MEGABYTES),
        ),
    ]


def _ask_together(server: Served, body: bytes, requests: int, load: Load) -> None:
    """Send requests by all clients at once, and add what they saw."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(lambda _: _ask(server, body, requests // CLIENTS), range(CLIENTS)))
    load.seconds += time.perf_counter() - began
    for milliseconds, errors in answers:
        load.milliseconds += milliseconds
        load.errors += errors


def _ask(server: Served, body: bytes, requests: int) -> tuple[list[float], int]:
    """Send requests one after the other over one connection: their times, and the number of errors."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    times, errors = [], 0
    for _ in range(requests):
        began = time.perf_counter()
        connection.request("POST", server.path, body, headers)
        response = connection.getresponse()
        response.read()
        times.append(1000 * (time.perf_counter() - began))
        errors += response.status != 200
    connection.close()
    return times, errors


def _photograph() -> bytes:
    """A JPEG of 640 × 427 pixels."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(photograph("china"))).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _form(picture: bytes) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n'
    return head.encode() + picture + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _train(home: Path, source: Path) -> str:
    write_folder(source, real_digits())
    run_command(home, "import", source, "--project", "digits")
    return str(run_command(home, "train", "--project", "digits", "--epochs", "5")["run"])


@contextmanager
def _darkroom(home: Path, run_name: str) -> Iterator[Served]:
    port = _free_port()
    command = ["core", "serve", run_name, "--port", str(port)]
    environment = {"DARKROOM_HOME": str(home), "DARKROOM_REQUESTS_PER_SECOND": "1000000"}
    with _process(command, environment, port) as process:
        yield Served(process=process, port=port, path=f"/api/v1/runs/{run_name}/predict")


@contextmanager
def _bare(model: Path) -> Iterator[Served]:
    port = _free_port()
    with _process(["benchmarks.bare_server", str(model), str(port)], {}, port) as process:
        yield Served(process=process, port=port, path="/predict")


@contextmanager
def _exported(run: Path, folder: Path) -> Iterator[Served]:
    """The server of the ``server`` format, in this environment."""
    folder.mkdir()
    make_server(FinishedModel(run), folder / "server.zip")
    with zipfile.ZipFile(folder / "server.zip") as archive:
        archive.extractall(folder / "server")
    with running_server(folder / "server", sys.executable) as port:
        yield Served(port=port, path="/predict")


@contextmanager
def _process(command: Sequence[str], environment: dict[str, str], port: int) -> Iterator[psutil.Process]:
    """Run a module until the block ends.

    Raises:
        RuntimeError: it listens at no port in time.
    """
    process = subprocess.Popen([sys.executable, "-m", *command], env={**os.environ, **environment})
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start")
            time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
