"""Answers of an exported server, over HTTP, in a fresh environment with its own requirements."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.delivery.answering import Answers
from core.delivery.formats.environment import unpacked_program

_PROGRAM = Path(__file__).with_name("run_server.py")
_CLIENTS = 8
_TIMEOUT_SECONDS = 120
# Test pictures are of any size.
_MAX_MEGABYTES = 4000


class _Answer(NamedTuple):
    probabilities: dict[str, float]
    score: float | None


def answer_with_server(file: Path, pictures: Sequence[Path], environments: Path) -> Answers:
    """Unpack a server, install its requirements, start it and send it pictures, several at once."""
    with unpacked_program(file, environments) as server:
        names = json.loads((server.folder / "labels.json").read_text(encoding="utf-8"))["class_names"]
        with running_server(server.folder, server.python, "--max-megabytes", str(_MAX_MEGABYTES)) as port:
            answers = _ask_together(port, pictures, len(names))
    scores = [answer.score for answer in answers if answer.score is not None]
    return Answers(
        np.array([[answer.probabilities[name] for name in names] for answer in answers], np.float32),
        np.array(scores, np.float32) if scores else None,
        server.environment,
    )


@contextmanager
def running_server(folder: Path, python: str, *arguments: str) -> Iterator[int]:
    """Run the server of an unpacked zip on a free port, which is yielded; it ends with the block, or this process."""
    # In a folder of its own: Python looks for modules beside a program first.
    program = shutil.copy(_PROGRAM, folder.parent)
    with subprocess.Popen(
        [python, program, "--port", "0", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None, "it is a pipe"
            address = process.stdout.readline().decode().strip()
            if not address:
                raise RuntimeError("the server did not start")
            yield int(address.rpartition(":")[2])
        finally:
            process.kill()


def _ask_together(port: int, pictures: Sequence[Path], classes: int) -> list[_Answer]:
    """Answers in the order of the pictures, by clients that ask at the same time."""
    answers: dict[int, _Answer] = {}

    def ask(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        for index in range(first, len(pictures), _CLIENTS):
            answers[index] = _ask(connection, pictures[index], classes)
        connection.close()

    with ThreadPoolExecutor(_CLIENTS) as clients:
        list(clients.map(ask, range(_CLIENTS)))
    return [answers[index] for index in range(len(pictures))]


def _ask(connection: http.client.HTTPConnection, picture: Path, classes: int) -> _Answer:
    connection.request("POST", f"/predict?top={classes}", picture.read_bytes())
    response = connection.getresponse()
    content = json.loads(response.read())
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{picture.name}: {response.status} {content.get('detail')}")
    (answer,) = content["predictions"]
    stranger = answer["stranger"]
    return _Answer(
        {one["name"]: one["probability"] for one in answer["classes"]},
        None if stranger is None else stranger["score"],
    )
