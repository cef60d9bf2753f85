"""Runs that are killed or paused at a chosen batch, and the comparison of two runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.files import append_json_line, keep_first_lines, read_json_lines
from core.models.head import HeadWeights
from core.training.artifacts import has_own_network, head_file
from core.training.backends import current_backend
from core.workspace import Project
from tests.support.progress_recorder import Recorder


class Killed(BaseException):
    """End of the process: nothing catches it."""


class Disk(Recorder):
    """Writes the learning curve to the run's directory, as a worker does; dies or pauses at a chosen batch."""

    def __init__(self, directory: Path, *, kill_after: int = -1, pause_after: int = -1) -> None:
        super().__init__()
        self._file = directory / "metrics.jsonl"
        self._kill_after, self._pause_after = kill_after, pause_after
        self.batches = 0

    def metric(self, record: Mapping[str, object]) -> None:
        super().metric(record)
        append_json_line(self._file, dict(record))

    def rewind(self, lines: int) -> None:
        keep_first_lines(self._file, lines)

    def should_stop(self) -> bool:
        self.batches += 1  # called after every batch, and before each validation batch
        if self.batches == self._kill_after:
            raise Killed
        return False

    def should_pause(self) -> bool:
        return self.batches == self._pause_after


def directory_of(project: Project, name: str) -> Path:
    folder = project.runs / name
    folder.mkdir(exist_ok=True)
    return folder


def outcome(directory: Path) -> tuple[list[dict[str, Any]], list[np.ndarray]]:
    """Return the learning curve without times, and the delivered head."""
    curve = [
        {key: value for key, value in record.items() if key not in {"seconds", "pictures_per_second"}}
        for record in read_json_lines(directory / "metrics.jsonl")
    ]
    return curve, [array for pair in HeadWeights.load(head_file(directory)).layers for array in pair]


def assert_same(one: Path, other: Path) -> None:
    (curve, head), (other_curve, other_head) = outcome(one), outcome(other)
    assert curve == other_curve
    for array, other_array in zip(head, other_head, strict=True):
        np.testing.assert_array_equal(array, other_array)
    assert has_own_network(one) == has_own_network(other)


def limit_memory_of_predictions(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Make every prediction for more pictures than ``most`` fail as a full GPU does."""
    backend = type(current_backend())
    real = backend.prediction

    def prediction(self: Any, model: Any) -> Any:
        predict = real(self, model)

        def limited(inputs: np.ndarray) -> np.ndarray:
            if len(inputs) > most:
                raise MemoryError("OOM when allocating tensor")
            return np.asarray(predict(inputs))

        return limited

    monkeypatch.setattr(backend, "prediction", prediction)


def limit_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Make every step with more pictures than ``most`` fail as a full GPU does."""
    backend = type(current_backend())
    real = backend.training_step

    def training_step(self: Any, model: Any) -> Any:
        step = real(self, model)

        def limited(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
            if len(inputs) > most:
                raise MemoryError("OOM when allocating tensor")
            step(inputs, targets, weights)

        return limited

    monkeypatch.setattr(backend, "training_step", training_step)
