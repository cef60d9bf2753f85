"""A server of its own process serves one run, and outlives clients that hang up."""

from __future__ import annotations

import json
import shutil
import socket
import urllib.request
from dataclasses import replace
from pathlib import Path

from core.delivery.files import read_labels, write_labels
from tests.support.api_client import form
from tests.support.api_server import serving, status
from tests.support.command_line import PATIENCE_SECONDS
from tests.support.pictures import digit


def test_one_run_is_served_alone(finished_run: Path) -> None:
    with serving(finished_run.name) as address:
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
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            assert json.load(response)["predictions"][0]["labels"]
        assert status(f"{address}/v2/models/{finished_run.name}/ready") == 200
        assert status(f"{address}/api/v1/runs/run-other") == 404
        assert status(f"{address}/api/v1/projects") == 404
        assert status(f"{address}/api/docs") == 200


def test_a_run_of_a_restored_copy_is_served_beside_its_original(finished_run: Path) -> None:
    """The run that was named is served, and what is asked for by its name alone is that one."""
    projects = finished_run.parents[2]
    shutil.copytree(projects / "digits", projects / "back")
    run = projects / "back" / "runs" / finished_run.name
    write_labels(run, replace(read_labels(run), class_names=("three", "five", "eight")))
    with serving(f"back/{run.name}") as address:
        for name in (run.name, f"back/{run.name}"):
            headers, body = form(digit(3))
            request = urllib.request.Request(f"{address}/api/v1/runs/{name}/predict", body, headers)
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
                assert json.load(response)["predictions"][0]["labels"] == ["three"]
            assert status(f"{address}/v2/models/{name}/ready") == 200
        assert status(f"{address}/api/v1/runs/digits/{run.name}") == 404


def hung_up(address: str, path: str) -> None:
    """Begin some requests and go away in the middle of the body."""
    port = int(address.rpartition(":")[2])
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.encode() + b"x" * 1000)
