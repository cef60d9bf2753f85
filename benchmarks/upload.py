"""A large upload through the streamed route: how much memory the server takes for it, and how fast it is.

Reference is a plain copy of the same file on the same disk, brought to the disk as
the upload is. The sender is this process: it needs one of the cores.
"""

from __future__ import annotations

import base64
import http.client
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.server import ROOT, Server, serving
from core.uploads.routes import TOKEN_HEADER, TUS_VERSION, uploads_path
from core.uploads.store import Ticket, open_upload
from pages.ui.components.upload import CHUNK_BYTES, CONNECTIONS

MOST_MEGABYTES = 50.0
_LARGE_BYTES = 2 * 10**9
_SMALL_FILES, _SMALL_BYTES = 5000, 40_000  # a folder of ordinary thumbnails
_QUICK = 100  # a quick run takes this part of it
_LOOK_EVERY_SECONDS = 0.02
_STILL_SECONDS = 3.0
_STILL_MEGABYTES = 1.0


@dataclass(kw_only=True)
class Memory:
    """Resident memory of the server while something happens, in MB."""

    before: float
    seen: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        return max(self.seen) - self.before


def run(options: Options) -> list[Figure]:
    part = _QUICK if options.quick else 1
    large_bytes, small_files = _LARGE_BYTES // part, _SMALL_FILES // part
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = folder / "large.zip"
        _write_noise(source, large_bytes)
        home = folder / "home"
        os.environ["DARKROOM_HOME"] = str(home)  # tickets are opened here, beside the server
        with serving(ROOT / "app.py", home) as server:
            _wait_until_still(server)
            with _watched(server) as memory:
                began = time.perf_counter()
                _send_large(server, source, open_upload(large_bytes))
                seconds = time.perf_counter() - began
            small_seconds = _send_small(server, source, small_files)
        copy_seconds = _copy(source, folder / "copy.zip")
    megabytes = large_bytes / 1e6
    return [
        Figure(
            name=f"growth of the server during an upload of {megabytes / 1000:g} GB",
            measured=memory.growth,
            unit="MB",
            less_is_better=True,
            target=Target(at_most=MOST_MEGABYTES),
            details={"before_mb": memory.before, "largest_mb": max(memory.seen), "looks": len(memory.seen)},
        ),
        Figure(
            name="upload of one large file",
            measured=megabytes / seconds,
            unit="MB/s",
            reference=Reference(name="plain copy, synchronised", value=megabytes / copy_seconds),
            details={"seconds": seconds, "chunk_bytes": CHUNK_BYTES},
        ),
        Figure(
            name=f"upload of files of {_SMALL_BYTES / 1000:g} kB",
            measured=small_files / small_seconds,
            unit="files/s",
            details={"files": small_files, "connections": CONNECTIONS},
        ),
    ]


@contextmanager
def _watched(server: Server) -> Iterator[Memory]:
    """Look at the server's memory again and again for the length of the block."""
    memory, ended = Memory(before=server.resident_megabytes), threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_EVERY_SECONDS):
            memory.seen.append(server.resident_megabytes)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield memory
    finally:
        ended.set()
        watching.join()
    memory.seen.append(server.resident_megabytes)


def _wait_until_still(server: Server) -> None:
    """Until the server has loaded what it loads ahead of need."""
    before = -_STILL_MEGABYTES
    while server.resident_megabytes - before > _STILL_MEGABYTES:
        before = server.resident_megabytes
        time.sleep(_STILL_SECONDS)


def _send_large(server: Server, source: Path, ticket: Ticket) -> None:
    """Send a file as the page does: announced once, then chunk after chunk over one connection."""
    connection = _connect(server)
    address = _announce(connection, ticket, source.name, source.stat().st_size)
    with source.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            offset = stream.tell() - len(chunk)
            _request(connection, "PATCH", address, ticket, chunk, {"Upload-Offset": str(offset)})
    connection.close()


def _send_small(server: Server, source: Path, files: int) -> float:
    """Many files over a few connections at once; the seconds it took."""
    with source.open("rb") as stream:
        data = stream.read(_SMALL_BYTES)
    ticket = open_upload(files * len(data))

    def send_every(first: int) -> None:
        connection = _connect(server)
        for number in range(first, files, CONNECTIONS):
            _announce(connection, ticket, f"Pets/class {number % 10}/{number}.jpg", len(data), data)
        connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(send_every, range(CONNECTIONS)))
    return time.perf_counter() - began


def _connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)


def _announce(
    connection: http.client.HTTPConnection, ticket: Ticket, path: str, size_bytes: int, data: bytes = b""
) -> str:
    """Announce a file, with its content if it is small; returns the address of the file."""
    collection = f"/{uploads_path()}/{ticket.upload}/"
    metadata = f"filename {base64.b64encode(path.encode()).decode()}"
    headers = {"Upload-Length": str(size_bytes), "Upload-Metadata": metadata}
    return collection + _request(connection, "POST", collection, ticket, data, headers)["Location"]


def _request(
    connection: http.client.HTTPConnection,
    method: str,
    address: str,
    ticket: Ticket,
    data: bytes,
    headers: dict[str, str],
) -> http.client.HTTPMessage:
    own = {TOKEN_HEADER: ticket.token, "Tus-Resumable": TUS_VERSION}
    content = {"Content-Type": "application/offset+octet-stream"} if data else {}
    connection.request(method, address, body=data, headers=own | content | headers)
    reply = connection.getresponse()
    answer = reply.read()
    if reply.status not in {201, 204}:
        raise RuntimeError(f"the server answered {reply.status}: {answer!r}")
    return reply.headers


def _write_noise(path: Path, size_bytes: int) -> None:
    noise = os.urandom(1 << 20)
    with path.open("wb") as stream:
        while stream.tell() < size_bytes:
            stream.write(noise[: size_bytes - stream.tell()])


def _copy(source: Path, target: Path) -> float:
    """Read and write, as a program that looks at the bytes must; the seconds until it is on the disk."""
    began = time.perf_counter()
    with source.open("rb") as reading, target.open("wb", buffering=0) as writing:
        while chunk := reading.read(1 << 20):
            writing.write(chunk)
        os.fsync(writing.fileno())
    return time.perf_counter() - began
