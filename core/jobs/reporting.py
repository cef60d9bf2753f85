"""Job reporter: the worker's side of the job directory (state, progress, learning curve)."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.files import append_json_line, keep_first_lines, read_json_lines, write_json, write_json_lines
from core.jobs.directory import INTERIM_FILE, OLD_INTERIM_FILE, JobDirectory
from core.jobs.status import JobState, JobStatus, running_fraction
from core.jobs.time_left import TimeLeft
from core.jobs.usage import UsageMeter
from core.messages import Message
from core.progress import Stage
from core.records import JsonObject

_WRITE_EVERY_SECONDS = 0.3
_KEEP_EVERY_SECONDS = 1.0
_BATCH_EVERY_SECONDS = 0.5
_MAX_BATCH_LINES = 4000


class JobReporter:
    """A job's ``Progress``, written to its directory. Also used by the worker's watcher."""

    def __init__(self, job: JobDirectory) -> None:
        self._job = job
        self._lock = threading.RLock()
        self._state = JobState.STARTING
        self._error: Message | None = None
        self._is_bug = False
        self._started = time.time()
        # By a clock that stands still while the computer sleeps, and that nobody sets.
        self._began = time.monotonic()
        earlier = job.earlier_status()
        self._worked_before, self._seconds = earlier.worked_seconds, dict(earlier.seconds)
        self._left = TimeLeft()
        self._stage_started = time.monotonic()
        self._written = 0.0
        # As written last.
        self._status = JobStatus()
        self._batches = _BatchLog(job.path / "batches.jsonl")
        self._usage = UsageMeter()
        self._closed = False
        self._interim_written = -_KEEP_EVERY_SECONDS
        self._interim_is_new = False
        # Result of the current step if it ended now.
        self.interim_result: JsonObject | None = None

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        with self._lock:
            self._left.plan(expected_seconds)

    def stage(self, stage: Stage) -> None:
        with self._lock:
            self._note_stage_seconds()
            if self._state is JobState.QUEUED:
                # Waiting was no progress.
                self._started, self._began = time.time(), time.monotonic()
            self._left.begin(stage, time.monotonic())
            self._stage_started = time.monotonic()
            self._write(JobState.RUNNING)

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        with self._lock:
            self._left.throughput.advance(done, total, time.monotonic(), likely)
            self._write_sometimes(now=done == total)

    def fact(self, fact: object) -> None:
        """Facts are for listeners between a job and its reporter."""

    def metric(self, record: Mapping[str, object]) -> None:
        append_json_line(self._job.path / "metrics.jsonl", {"time": round(time.time(), 3), **record})
        with self._lock:
            self._write_sometimes()

    def rewind(self, lines: int) -> None:
        keep_first_lines(self._job.path / "metrics.jsonl", lines)
        remaining = self._job.metrics()
        self._batches.rewind(remaining[-1]["time"] if remaining else 0.0)
        if not lines:
            self.drop_interim_result()

    def batch(self, record: Mapping[str, object]) -> None:
        with self._lock:
            self._batches.add(record)
            self._write_sometimes()

    def live(self, record: Mapping[str, object]) -> None:
        write_json(self._job.path / "live.json", dict(record))

    def keep(self, result: Mapping[str, object]) -> None:
        """Set the interim result, written at most once a second: a killed worker loses at most that."""
        with self._lock:
            self.interim_result, self._interim_is_new = dict(result), True
            self._write_interim_result()

    def forget_interim_result(self) -> None:
        """Forget the interim result once the step's own result is recorded; its file stays."""
        with self._lock:
            self.interim_result, self._interim_is_new = None, False

    def drop_interim_result(self) -> None:
        """Forget the interim result and remove its file."""
        with self._lock:
            self.forget_interim_result()
            for name in (INTERIM_FILE, OLD_INTERIM_FILE):
                (self._job.path / name).unlink(missing_ok=True)

    def use_gpus(self, numbers: Sequence[int]) -> None:
        """Include these GPUs in the usage."""
        self._usage.gpus = numbers

    def should_stop(self) -> bool:
        return self._job.stop_requested()

    def should_pause(self) -> bool:
        return self._job.pause_requested()

    def set_state(self, state: JobState, error: Message | None = None, *, is_bug: bool = False) -> None:
        """Record a state; after one that ends the job nothing more is written."""
        with self._lock:
            if self._closed:
                return
            if state.has_ended:
                with contextlib.suppress(OSError):  # on a full disk, the status counts
                    self._write_interim_result(now=True)
                self._note_stage_seconds()
                self._left.close(time.monotonic())
                self._error, self._is_bug = error, is_bug
            self._write(state)
            self._closed = state.has_ended

    def _note_stage_seconds(self) -> None:
        stage = self._left.stage
        if stage is not None:
            spent = time.monotonic() - self._stage_started
            self._seconds[stage] = round(self._seconds.get(stage, 0.0) + spent, 3)

    def _write_sometimes(self, *, now: bool = False) -> None:
        self._write_interim_result()
        if self._left.stage is not None and (now or time.monotonic() - self._written > _WRITE_EVERY_SECONDS):
            self._write(JobState.RUNNING)

    def _write_interim_result(self, *, now: bool = False) -> None:
        is_due = now or time.monotonic() - self._interim_written >= _KEEP_EVERY_SECONDS
        if self._interim_is_new and is_due:
            write_json(self._job.path / INTERIM_FILE, self.interim_result)
            self._interim_written, self._interim_is_new = time.monotonic(), False

    def _write(self, state: JobState) -> None:
        if self._closed:
            return
        status = JobStatus(
            state=state,
            stage=self._left.stage,
            stage_done=self._left.throughput.done,
            stage_total=self._left.throughput.total,
            steps_per_second=self._left.throughput.rate(),
            report_seconds=self._left.throughput.report_seconds(),
            started=self._started,
            updated=time.time(),
            seconds=dict(self._seconds),
            usage=self._usage.usage(),
            error=self._error,
            is_bug=self._is_bug,
        )
        self._status = self._with_times(status)
        self._job.write_status(self._status)
        self._state, self._written = state, time.monotonic()

    def _with_times(self, status: JobStatus) -> JobStatus:
        """Add seconds worked and left, and the fraction done."""
        is_waiting = self._state is JobState.QUEUED
        worked = self._worked_before + (0.0 if is_waiting else time.monotonic() - self._began)
        stage_left = self._left.of_stage(time.monotonic())
        left = None if stage_left is None else stage_left + self._left.of_later_stages()
        # Never less than shown before, also by a reader that extrapolated.
        fraction = self._status.after(time.monotonic() - self._written).fraction
        if left is not None:
            fraction = max(fraction, running_fraction(worked, left))
        return replace(
            status,
            fraction=1.0 if status.state is JobState.FINISHED else fraction,
            seconds_left=left,
            stage_seconds_left=stage_left,
            worked_seconds=worked,
        )


class _BatchLog:
    """``batches.jsonl``: two lines a second; every other line is dropped when there are too many."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = len(read_json_lines(path))
        self._added = -_BATCH_EVERY_SECONDS

    def add(self, record: Mapping[str, object]) -> None:
        if time.monotonic() - self._added < _BATCH_EVERY_SECONDS:
            return
        self._added = time.monotonic()
        append_json_line(self._path, {"time": round(time.time(), 3), **record})
        self._lines += 1
        if self._lines > _MAX_BATCH_LINES:
            self._replace(read_json_lines(self._path)[::2])

    def rewind(self, until: float) -> None:
        """Remove records later than ``until`` (seconds since the epoch)."""
        if self._lines:
            self._replace([record for record in read_json_lines(self._path) if record["time"] <= until])

    def _replace(self, records: list[JsonObject]) -> None:
        write_json_lines(self._path, records)
        self._lines = len(records)
