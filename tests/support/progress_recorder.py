"""Progress that records every call of a job and stops the job when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.progress import QuietProgress, Stage


class Recorder(QuietProgress):
    """Records every call in order; ``stop`` decides from the recorder if the user asks to stop."""

    def __init__(self, stop: Callable[[Recorder], bool] = lambda recorder: False) -> None:
        self._stop = stop
        self.expected: dict[Stage, float] = {}
        self.stages: list[Stage] = []
        self.steps: list[tuple[Stage, int, int]] = []  # stage, done, total
        self.metrics: list[dict[str, Any]] = []
        self.lives: list[dict[str, Any]] = []
        self.kept: list[dict[str, Any]] = []

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        self.expected.update(expected_seconds)

    def stage(self, stage: Stage) -> None:
        self.stages.append(stage)

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        self.steps.append((self.stages[-1], done, total))

    def metric(self, record: Mapping[str, object]) -> None:
        self.metrics.append(dict(record))

    def live(self, record: Mapping[str, object]) -> None:
        self.lives.append(dict(record))

    def keep(self, result: Mapping[str, object]) -> None:
        self.kept.append(dict(result))

    def should_stop(self) -> bool:
        return self._stop(self)

    def steps_in(self, stage: Stage) -> list[tuple[int, int]]:
        """Return (done, total) of each step reported in a stage."""
        return [(done, total) for where, done, total in self.steps if where is stage]
