"""The worker's side of the job directory: state, stage, progress and time left."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from core.files import append_json_line, keep_first_lines, write_json
from core.jobs.directory import JobDirectory, JobState
from core.messages import Message
from core.progress import Stage

_WRITE_EVERY_SECONDS = 0.3
_RATE_AFTER_SECONDS = 0.5  # a rate measured over less is noise


class JobReporter:
    """A job's ``Progress``, written to its directory. Also used by the worker's stop watcher."""

    def __init__(self, job: JobDirectory) -> None:
        self._job = job
        self._lock = threading.RLock()
        self._state = JobState.STARTING
        self._error: Message | None = None
        self._is_bug = False
        self._started = time.time()
        self._expected: dict[Stage, float] = {}
        self._seconds: dict[str, float] = {}
        self._stage: Stage | None = None
        self._stage_started = time.monotonic()
        self._done, self._total, self._done_at_start = 0, 0, 0
        self._written = 0.0
        self._closed = False
        self.kept: dict[str, Any] | None = None

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        with self._lock:
            self._expected.update(expected_seconds)

    def stage(self, stage: Stage) -> None:
        with self._lock:
            self._close_stage()
            if self._state is JobState.QUEUED:
                self._started = time.time()  # waiting was no progress
            self._stage, self._stage_started = stage, time.monotonic()
            self._done, self._total, self._done_at_start = 0, 0, -1
            self._write(JobState.RUNNING)

    def advance(self, done: int, total: int) -> None:
        with self._lock:
            if self._done_at_start < 0:
                # A stage that goes on from a cache starts its clock where it found the work.
                self._done_at_start = done
                self._rate_started = time.monotonic()
            self._done, self._total = done, total
            if time.monotonic() - self._written > _WRITE_EVERY_SECONDS or done == total:
                self._write(JobState.RUNNING)

    def metric(self, record: dict[str, Any]) -> None:
        append_json_line(self._job.path / "metrics.jsonl", {"time": round(time.time(), 3), **record})

    def rewind(self, lines: int) -> None:
        keep_first_lines(self._job.path / "metrics.jsonl", lines)
        (self._job.path / "batches.jsonl").unlink(missing_ok=True)

    def batch(self, record: dict[str, Any]) -> None:
        append_json_line(self._job.path / "batches.jsonl", {"time": round(time.time(), 3), **record})

    def live(self, record: dict[str, Any]) -> None:
        write_json(self._job.path / "live.json", record)

    def keep(self, result: dict[str, Any]) -> None:
        with self._lock:
            self.kept = result

    def should_stop(self) -> bool:
        return self._job.stop_requested()

    def should_pause(self) -> bool:
        return self._job.pause_requested()

    def set_state(self, state: JobState, error: Message | None = None, *, is_bug: bool = False) -> None:
        """Record a state; after one that ends the job nothing more is written."""
        with self._lock:
            if state.has_ended:
                self._close_stage()
                self._error, self._is_bug = error, is_bug
            self._write(state)
            self._closed = self._closed or state.has_ended

    def _close_stage(self) -> None:
        if self._stage is not None:
            spent = time.monotonic() - self._stage_started
            self._seconds[self._stage] = round(self._seconds.get(self._stage, 0.0) + spent, 3)
            self._expected.pop(self._stage, None)
            self._stage = None

    def _write(self, state: JobState) -> None:
        if self._closed:
            return
        self._state, self._written = state, time.monotonic()
        rate, stage_left = self._pace()
        left = None if stage_left is None else stage_left + sum(self._later_stages().values())
        spent = time.time() - self._started
        write_json(
            self._job.path / "status.json",
            {
                "state": state,
                "stage": self._stage or "",
                "stage_done": self._done,
                "stage_total": self._total,
                "fraction": 1.0
                if state is JobState.FINISHED
                else 0.0
                if left is None
                else spent / (spent + left or 1),
                "seconds_left": left,
                "steps_per_second": rate,
                "started": self._started,
                "updated": time.time(),
                "seconds": self._seconds,
                "error": self._error.to_json() if self._error else None,
                "is_bug": self._is_bug,
            },
        )

    def _later_stages(self) -> dict[Stage, float]:
        """Expected seconds of the stages still to come."""
        return {stage: seconds for stage, seconds in self._expected.items() if stage != self._stage}

    def _pace(self) -> tuple[float | None, float | None]:
        """Steps per second in this stage, and its seconds left; None where unknown."""
        if self._stage is None:
            return None, None
        spent = time.monotonic() - self._stage_started
        guess = (
            max(0.0, self._expected.get(self._stage, 0.0) - spent) if self._stage in self._expected else None
        )
        if self._done_at_start < 0 or self._done <= self._done_at_start:
            return None, guess
        counting = time.monotonic() - self._rate_started
        if counting < _RATE_AFTER_SECONDS:
            return None, guess
        rate = (self._done - self._done_at_start) / counting
        return rate, (self._total - self._done) / rate
