"""Servers of the API in processes of their own.

``python -m tests.support.api_server PORT`` serves the whole workspace, as the server of the pages does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.port import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0


@contextmanager
def serving(name: str) -> Iterator[str]:
    """``python -m core serve NAME`` on a free port; yields its address."""
    port = free_port()
    with _process(["core", "serve", name, "--port", str(port)], port) as address:
        yield address


@contextmanager
def serving_all() -> Iterator[str]:
    """A server of the whole API without pages on a free port; yields its address."""
    port = free_port()
    with _process(["tests.support.api_server", str(port)], port) as address:
        yield address


def status(address: str) -> int:
    """Status of a request; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(address, timeout=START_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def _process(command: Sequence[str], port: int) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "numpy"},
        stderr=subprocess.DEVNULL,
    )
    try:
        address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
        while status(f"{address}/api/health") != 200:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def main(port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette

    from core.http.server import routes_under

    uvicorn.run(Starlette(routes=routes_under("")), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
