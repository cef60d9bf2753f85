"""A large upload through the streamed route: how much memory the server takes for it, and how fast it is.

Reference is a plain copy of the same file on the same disk, brought to the disk as
the upload is. The sender is this process: it needs one of the cores.
"""

from __future__ import annotations

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
from urllib.parse import urlencode, urlsplit

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.server import ROOT, Server, serving
from core.uploads.routes import TOKEN_HEADER, uploads_path
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
    """As the page does: chunk after chunk over one connection."""
    size_bytes = source.stat().st_size
    connection = _connect(server)
    with source.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            _put(connection, ticket, source.name, chunk, stream.tell() - len(chunk), size_bytes)
    connection.close()


def _send_small(server: Server, source: Path, files: int) -> float:
    """Many files over a few connections at once; the seconds it took."""
    with source.open("rb") as stream:
        data = stream.read(_SMALL_BYTES)
    ticket = open_upload(files * len(data))

    def send_every(first: int) -> None:
        connection = _connect(server)
        for number in range(first, files, CONNECTIONS):
            _put(connection, ticket, f"Pets/class {number % 10}/{number}.jpg", data, 0, len(data))
        connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(send_every, range(CONNECTIONS)))
    return time.perf_counter() - began


def _connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)


def _put(
    connection: http.client.HTTPConnection,
    ticket: Ticket,
    path: str,
    data: bytes,
    offset: int,
    size_bytes: int,
) -> None:
    query = urlencode({"path": path, "offset": offset, "size": size_bytes})
    connection.request(
        "PUT", f"/{uploads_path()}/{ticket.upload}?{query}", body=data, headers={TOKEN_HEADER: ticket.token}
    )
    reply = connection.getresponse()
    said = reply.read()
    if reply.status != 200:
        raise RuntimeError(f"the server answered {reply.status}: {said!r}")


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
