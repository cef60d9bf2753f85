"""A server of its own process serves one run, and outlives clients that hang up."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.port import free_port
from tests.support.pictures import digit

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0


@contextmanager
def serving(run: Path) -> Iterator[str]:
    """``python -m core serve RUN`` on a free port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "serve", run.name, "--port", str(port)],
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
        process.wait(timeout=30)


def status(address: str) -> int:
    """Status of a request; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(address, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_one_run_is_served_alone(finished_run: Path) -> None:
    with serving(finished_run) as address:
        hung_up(address, f"/api/v1/runs/{finished_run.name}/predict")
        body = (
            b"--x\r\nContent-Disposition: form-data; name=picture; filename=a\r\n\r\n"
            + digit(3)
            + b"\r\n--x--"
        )
        request = urllib.request.Request(
            f"{address}/api/v1/runs/{finished_run.name}/predict",
            body,
            {"Content-Type": "multipart/form-data; boundary=x"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            assert json.load(response)["predictions"][0]["labels"]
        assert status(f"{address}/v2/models/{finished_run.name}/ready") == 200
        assert status(f"{address}/api/v1/runs/run-other") == 404
        assert status(f"{address}/api/v1/projects") == 404
        assert status(f"{address}/api/docs") == 200


def hung_up(address: str, path: str) -> None:
    """Begin some requests and go away in the middle of the body."""
    port = int(address.rpartition(":")[2])
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.encode() + b"x" * 1000)
