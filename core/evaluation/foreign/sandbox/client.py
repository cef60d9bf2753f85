"""Darkroom's side of the isolated process: start it, ask it, end it when it takes too long."""

from __future__ import annotations

import os
import string
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.devices import cpu_cores
from core.errors import ForeignModelError, RecordError
from core.evaluation.foreign.facts import Interface, NetworkBlock, Runtime
from core.evaluation.foreign.sandbox.messages import (
    BrokenMessageError,
    UnfitMessageError,
    receive,
    receive_array,
    send,
    send_array,
)
from core.messages import N_, Message
from core.processes import asked_module

# TensorFlow itself takes up to 30 s to import on a busy computer.
OPEN_SECONDS = 300.0
ANSWER_SECONDS = 120.0
# Outputs of one model; those beyond are an attack.
_MOST_OUTPUTS = 64
# Of all outputs of a batch: a thousand times what a classifier of 10,000 classes answers.
ANSWER_BYTES = 256 << 20
# What reading a message of any content can raise.
_READING_ERRORS = (
    BrokenMessageError,
    BrokenPipeError,
    RecordError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)


class IsolatedModel:
    """A foreign model in its process, opened by ``isolated_model``."""

    def __init__(self, process: subprocess.Popen[bytes], name: str) -> None:
        self._process = process
        self._name = name
        self._is_too_slow = False
        self.interface = Interface(inputs=(), outputs=())
        self.network = NetworkBlock.PYTHON

    def open(self, runtime: Runtime, path: Path) -> None:
        """Load the model.

        Raises:
            ForeignModelError: it cannot be opened, or not in time.
        """
        request = {"runtime": runtime.value, "path": str(path), "threads": cpu_cores()}
        with self._conversation(OPEN_SECONDS) as (requests, answers):
            send(requests, request)
            answer = receive(answers)
            if "error" in answer:
                raise _as_error(answer["error"])
            self.interface = Interface.from_json(answer["interface"])
            self.network = NetworkBlock(answer["network"])

    def answer(self, batch: np.ndarray) -> list[np.ndarray]:
        """Run a batch.

        Args:
            batch: (B, …) in the type of the input.
        Returns:
            each output, (B, …).
        Raises:
            ForeignModelError: the process ended, did not answer in time, or answered too much.
        """
        with self._conversation(ANSWER_SECONDS) as (requests, answers):
            send_array(requests, batch)
            count = int(receive(answers)["outputs"])
            if count > _MOST_OUTPUTS:
                raise UnfitMessageError
            outputs: list[np.ndarray] = []
            for _ in range(count):
                left = ANSWER_BYTES - sum(output.nbytes for output in outputs)
                outputs.append(receive_array(answers, receive(answers), left))
            if any(output.shape[:1] != batch.shape[:1] for output in outputs):
                raise UnfitMessageError
            return outputs

    @contextmanager
    def _conversation(self, seconds: float) -> Iterator[tuple[Any, Any]]:
        """Yield both streams for one question; the process is ended if that takes longer."""
        watch = threading.Timer(seconds, self._end)
        watch.start()
        try:
            yield self._process.stdin, self._process.stdout
        except _READING_ERRORS as error:
            self._process.kill()
            raise self._failure(error, seconds) from error
        finally:
            watch.cancel()

    def _end(self) -> None:
        self._is_too_slow = True
        self._process.kill()

    def _failure(self, error: Exception, seconds: float) -> ForeignModelError:
        if self._is_too_slow:
            return ForeignModelError(
                N_("{file} did not answer within {seconds} s, so it was ended."),
                file=self._name,
                seconds=round(seconds),
            )
        if isinstance(error, UnfitMessageError):
            return ForeignModelError(
                N_(
                    "{file} was ended: it answered something that no classifier answers, or more than {limit} MB at once."
                ),
                file=self._name,
                limit=ANSWER_BYTES >> 20,
            )
        return ForeignModelError(
            N_(
                "The process that ran {file} ended in the middle of its work: the file is damaged, or needs more memory than a foreign model may take."
            ),
            file=self._name,
        )


@contextmanager
def isolated_model(runtime: Runtime, path: Path, log: Path) -> Iterator[IsolatedModel]:
    """Open a foreign model in a process of its own, which ends with the block.

    Args:
        path: the model's file, or the folder of a SavedModel.
        log: receives what the process prints.
    Raises:
        ForeignModelError: it cannot be opened.
    """
    module = "core.evaluation.foreign.sandbox.process"
    with tempfile.TemporaryDirectory() as home, asked_module(module, log, _environment(home)) as process:
        model = IsolatedModel(process, path.name)
        model.open(runtime, path.resolve())
        yield model


def _environment(home: str) -> dict[str, str]:
    """Environment of the process: no passwords or paths of the user, no graphics card."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "PYTHONPATH") if name in os.environ}
    own = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "KERAS_HOME", "USERPROFILE"), home)
    engine = {
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return kept | own | engine


def _as_error(content: Any) -> ForeignModelError:
    """Read the error that the process states.

    Raises:
        UnfitMessageError: its template does more than name values; a width in it could fill the memory.
    """
    message = Message.from_json(content)
    for _, name, form, conversion in string.Formatter().parse(message.template):
        if name is not None and (form or conversion or name not in message.values):
            raise UnfitMessageError
    return ForeignModelError(message.template, code=message.code, **message.values)
