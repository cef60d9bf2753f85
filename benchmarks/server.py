"""A Streamlit server for the length of a measurement."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

START_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.02
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that accepts connections."""

    address: str
    process: psutil.Process
    started: float  # ``time.perf_counter()`` just before ``streamlit run``

    @property
    def resident_megabytes(self) -> float:
        """Resident memory of the server's process, which shares pages with others as all do."""
        return self.process.memory_info().rss / 1e6

    @property
    def cpu_milliseconds(self) -> float:
        """Processor time that the server's process has used so far."""
        times = self.process.cpu_times()
        return 1000 * float(times.user + times.system)

    def mapped_files(self, package: str) -> list[str]:
        """Files of a Python package that the process has mapped; its libraries, if it is imported."""
        paths = (Path(item.path) for item in self.process.memory_maps())
        return [path.name for path in paths if package in path.parts]


@contextmanager
def serving(script: Path, home: Path) -> Iterator[Server]:
    """``streamlit run SCRIPT`` on a free port, with its own workspace; ends with the block.

    Raises:
        RuntimeError: the server ended or stayed silent; with what it said.
    """
    home.mkdir(parents=True, exist_ok=True)
    port, log = _free_port(), home / "server.log"
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    options += ["--browser.gatherUsageStats=false"]
    with log.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), *options],
            cwd=script.parent,
            env={**environment, "DARKROOM_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for_port(process, port, log)
        address = f"http://127.0.0.1:{port}"
        yield Server(address=address, process=psutil.Process(process.pid), started=started)
    finally:
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_LOOK_EVERY_SECONDS)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
