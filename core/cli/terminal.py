"""Terminal output of commands: progress, waiting for jobs, and failures."""

from __future__ import annotations

import sys
from typing import Any

from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.progress import QuietProgress
from core.runs.control import wait_for

Answer = dict[str, Any]
# Exit code of programs ended by Ctrl-C.
STOPPED = 130


class FailedError(Exception):
    """Error for a job that failed: a sentence for the user and an exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        self.code = code
        super().__init__(sentence)


def wait_or_stop(job: JobDirectory) -> JobState:
    """Wait for a job; Ctrl-C stops it."""
    try:
        state = wait_for(job, show_progress)
    except KeyboardInterrupt:
        job.request_stop()
        end_line()
        print("stopping; the best so far is kept", file=sys.stderr)
        state = wait_for(job)
    end_line()
    return state


def run_to_end(job: JobDirectory) -> None:
    """Wait for a job whose half is worth nothing; Ctrl-C stops it.

    Raises:
        FailedError: the job failed or was stopped.
    """
    state = wait_or_stop(job)
    raise_if_failed(job, state)
    if state is JobState.STOPPED:
        raise FailedError(f"{job.name} was stopped before it was done", STOPPED)


def raise_if_failed(job: JobDirectory, state: JobState) -> None:
    """Refuse to go on after a failure.

    Raises:
        FailedError: the job failed, or its worker died.
    """
    if state is JobState.INTERRUPTED:
        raise FailedError(f"the worker of {job.name} died; see {job.path / 'worker.log'}", 1)
    status = job.status()
    # The job failed, or paused because the disk is full.
    if status.error is not None:
        raise FailedError(str(status.error), 1 if status.is_bug else 2)


def show_progress(job: JobDirectory) -> None:
    """Print the state of a job in the current line."""
    status = job.status()
    left = "" if status.seconds_left is None else f", {_time_left(status.seconds_left)}"
    steps = f" {status.stage_done}/{status.stage_total}" if status.stage_total else ""
    _rewrite_line(f"{status.state}: {status.stage}{steps}{left}")


def _time_left(seconds: float) -> str:
    return f"about {seconds:.0f} s left" if seconds >= 0.5 else "almost done"


class TerminalProgress(QuietProgress):
    """Progress of work in this process."""

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        _rewrite_line(f"{done}/{total}")


def _rewrite_line(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def end_line() -> None:
    """End the line of the progress."""
    if sys.stderr.isatty():
        print(file=sys.stderr)
