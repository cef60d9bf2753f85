"""Clean process: ``python -m core.delivery.certificate.process`` runs one export file in its runtime.

It is asked through standard input and answers through standard output: a line of JSON, arrays after
it as plain bytes. It imports the function that opens the file, and no runtime beside that.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil

from core.delivery.answering import Answerer, Answers, FileAnswerer, Opener, named_function
from core.delivery.files import Labels
from core.devices import cpu_cores
from core.errors import DarkroomError
from core.evaluation.foreign.sandbox.messages import receive, send, send_array
from core.records import JsonObject

log = logging.getLogger("darkroom.certificate")

# Modules of runtimes, and their distributions.
RUNTIMES = {
    "ai_edge_litert": "ai-edge-litert",
    "coremltools": "coremltools",
    "jax": "jax",
    "keras": "keras",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
    "tensorflow": "tensorflow",
    "torch": "torch",
}


class CheckedFile:
    """The file that this process runs."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        # Both from ``open``, which comes first.
        self._labels: Labels
        self._answerer: Answerer

    def open(self, request: JsonObject) -> None:
        """Load a file by the function that the request names."""
        open_file: Opener = named_function(request["opens"])
        self._answerer = open_file(Path(request["file"]))
        self._labels = Labels.from_json(request["labels"])

    def answer(self, files: Sequence[str]) -> Answers:
        """Answer picture files."""
        pictures = self._pool.map(lambda file: self._labels.decode(Path(file).read_bytes()), files)
        return self._answerer(np.stack(list(pictures)))

    def seconds_of(self, calls: int) -> float:
        """Median seconds of so many answers to one picture."""
        size = self._labels.input_size
        picture = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)
        times = []
        for _ in range(calls):
            began = time.perf_counter()
            self._answerer(picture)
            times.append(time.perf_counter() - began)
        return float(np.median(times))


def main() -> int:
    """Answer requests until the input ends."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # Libraries print to standard output: only messages may go there.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with ThreadPoolExecutor(cpu_cores()) as pool:
        file = CheckedFile(pool)
        while request := receive(sys.stdin.buffer):
            try:
                _HANDLERS[request["do"]](file, request, answers)
            except DarkroomError as error:
                log.exception("The request failed")
                send(answers, {"error": error.message.to_json()})
    return 0


def _open(file: CheckedFile, request: JsonObject, answers: BinaryIO) -> None:
    file.open(request)
    send(answers, {"is_open": True})


def _answer(file: CheckedFile, request: JsonObject, answers: BinaryIO) -> None:
    _send_answers(answers, file.answer(request["pictures"]))


def _answer_files(file: CheckedFile, request: JsonObject, answers: BinaryIO) -> None:
    answer: FileAnswerer = named_function(request["answers"])
    pictures = [Path(picture) for picture in request["pictures"]]
    _send_answers(answers, answer(Path(request["file"]), pictures, Path(request["environments"])))


def _time(file: CheckedFile, request: JsonObject, answers: BinaryIO) -> None:
    send(answers, {"seconds": file.seconds_of(request["calls"])})


def _describe(file: CheckedFile, request: JsonObject, answers: BinaryIO) -> None:
    runtime = {module: version(name) for module, name in RUNTIMES.items() if module in sys.modules}
    send(answers, {"runtime": runtime, "peak_memory_bytes": peak_memory_bytes()})


_HANDLERS: dict[str, Callable[[CheckedFile, JsonObject, BinaryIO], None]] = {
    "open": _open,
    "answer": _answer,
    "answer_files": _answer_files,
    "time": _time,
    "describe": _describe,
}


def _send_answers(stream: BinaryIO, answers: Answers) -> None:
    has_scores = answers.scores is not None
    send(stream, {"environment": answers.environment.value, "has_scores": has_scores})
    send_array(stream, np.asarray(answers.probabilities, np.float32))
    if answers.scores is not None:
        send_array(stream, np.asarray(answers.scores, np.float32))


def peak_memory_bytes() -> int | None:
    """Largest memory of this process so far; None where the system does not tell.

    ``getrusage`` would count the memory of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return 1024 * int(lines["VmHWM"].split()[0]) if "VmHWM" in lines else None
    peak: Any = getattr(psutil.Process().memory_info(), "peak_wset", None)
    return None if peak is None else int(peak)


if __name__ == "__main__":
    sys.exit(main())
