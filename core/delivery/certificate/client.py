"""Darkroom's side of the clean process that runs an export file."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.delivery.answering import Answers, Environment
from core.delivery.exporter import Exporter
from core.delivery.files import Labels
from core.errors import DeliveryError
from core.evaluation.foreign.sandbox.messages import BrokenMessageError, receive, receive_array, send
from core.messages import N_, Message
from core.processes import asked_module
from core.progress import ignore_counts
from core.records import JsonObject

# A fresh environment is installed, or a browser answers thousands of pictures, within one request.
_LONGEST_SECONDS = 1200.0
_BATCH_SIZE = 32


@dataclass(frozen=True, kw_only=True)
class ProcessFacts:
    """Runtime that a process loaded, with versions, and its largest memory."""

    runtime: dict[str, str]
    peak_memory_bytes: int | None


class CheckProcess:
    """Process that runs one file, opened by ``check_process``."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log = process, log

    def open(self, exporter: Exporter, file: Path, labels: Labels) -> None:
        """Load a file in its format's runtime.

        Raises:
            DeliveryError: it cannot be loaded.
        """
        self._ask(do="open", opens=exporter.opens, file=str(file), labels=labels.to_json())

    def answer(
        self, pictures: Sequence[Path], on_batch: Callable[[int, int], None] = ignore_counts
    ) -> Answers:
        """Answer picture files.

        Args:
            on_batch: called with the finished pictures and their number; it can raise to end the work.
        """
        parts = []
        for start in range(0, len(pictures), _BATCH_SIZE):
            parts.append(self._answers(do="answer", pictures=_texts(pictures[start : start + _BATCH_SIZE])))
            on_batch(min(start + _BATCH_SIZE, len(pictures)), len(pictures))
        scores = [part.scores for part in parts if part.scores is not None]
        return Answers(
            np.concatenate([part.probabilities for part in parts]), np.concatenate(scores) if scores else None
        )

    def answer_files(
        self, exporter: Exporter, file: Path, pictures: Sequence[Path], environments: Path
    ) -> Answers:
        """Let a file that decodes pictures itself answer them, all at once.

        Args:
            environments: folder of virtual environments, for files with the same requirements.
        """
        return self._answers(
            do="answer_files",
            answers=exporter.answers_files,
            file=str(file),
            pictures=_texts(pictures),
            environments=str(environments),
        )

    def seconds_of(self, calls: int) -> float:
        """Median seconds of so many answers to one picture."""
        return float(self._ask(do="time", calls=calls)["seconds"])

    def facts(self) -> ProcessFacts:
        return ProcessFacts(**self._ask(do="describe"))

    def _answers(self, **request: Any) -> Answers:
        with self._conversation() as (requests, answers):
            answer = _exchange(requests, answers, request)
            probabilities = receive_array(answers, receive(answers))
            scores = receive_array(answers, receive(answers)) if answer["has_scores"] else None
            return Answers(probabilities, scores, Environment(answer["environment"]))

    def _ask(self, **request: Any) -> JsonObject:
        with self._conversation() as (requests, answers):
            return _exchange(requests, answers, request)

    @contextmanager
    def _conversation(self) -> Iterator[tuple[Any, Any]]:
        """Yield both streams for one request; the process is ended if that takes too long."""
        watch = threading.Timer(_LONGEST_SECONDS, self._process.kill)
        watch.start()
        try:
            yield self._process.stdin, self._process.stdout
        except (BrokenMessageError, BrokenPipeError, KeyError, ValueError, TypeError) as error:
            self._process.kill()
            self._process.wait()
            raise DeliveryError(
                N_("The process that checks the file ended in the middle of its work: {reason}"),
                reason=_last_line(self._log),
            ) from error
        finally:
            watch.cancel()


@contextmanager
def check_process(log: Path) -> Iterator[CheckProcess]:
    """Start a clean process for one file, which ends with the block.

    Args:
        log: receives what the process prints.
    """
    # People run files where there is no graphics card.
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    with asked_module("core.delivery.certificate.process", log, environment) as process:
        yield CheckProcess(process, log)


def _exchange(requests: Any, answers: Any, request: JsonObject) -> JsonObject:
    send(requests, request)
    answer = receive(answers)
    if not answer:
        raise BrokenMessageError
    if "error" in answer:
        message = Message.from_json(answer["error"])
        raise DeliveryError(message.template, code=message.code, **message.values)
    return answer


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "?")


def _texts(paths: Sequence[Path]) -> list[str]:
    return [str(path) for path in paths]
