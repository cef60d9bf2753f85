"""How a job that did not run to its end is brought to a good one.

The worker does it for itself; where its process is dead or rests, whoever asks
for the stop does it in its place, holding ``launcher.launching``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.files import digest_of, read_json, write_json
from core.jobs.directory import JobDirectory, JobState
from core.jobs.launcher import launch
from core.workspace import new_job_name


class StepLog:
    """Which steps of a job are done, with which settings; an attempt after that leaves them out."""

    def __init__(self, job: JobDirectory, settings: dict[str, Any]) -> None:
        self._file = job.path / "steps.json"
        self._settings = digest_of(settings)
        record = read_json(self._file) if self._file.exists() else {}
        # Other settings, as after "continue for 10 more epochs", make every step's work another.
        self.done: list[str] = record["done"] if record.get("settings") == self._settings else []

    def add(self, step: str) -> None:
        self.done.append(step)
        write_json(self._file, {"settings": self._settings, "done": self.done})


def record_results(target: Path, results: dict[str, Any]) -> None:
    """What the steps so far returned, for good."""
    write_json(target / "result.json", results)


def launch_remaining(target: Path, steps: Sequence[str]) -> JobDirectory:
    """Leave a stopped run's remaining steps to a job of their own."""
    folder = target.parent.parent / "jobs"
    config = {"job": str(target), "steps": list(steps)}
    job = JobDirectory.create(folder / new_job_name("finish"), "finish", config)
    launch(job)
    return job


def stop_at_rest(job: JobDirectory, steps: Sequence[str]) -> None:
    """Stop a job on which no process works; what it kept is recorded, and the remaining steps follow.

    Args:
        steps: of the job's kind, in order.
    """
    done = [step for step in StepLog(job, job.config()).done if step in steps]
    kept = job.kept()
    if kept is not None and len(done) < len(steps):
        results = (job.result() or {}) if done else {}
        record_results(job.path, results | kept)
        done.append(steps[len(done)])
    remaining = steps[len(done) :]
    if done and remaining:
        launch_remaining(job.path, remaining)
    _write_stopped(job)


def _write_stopped(job: JobDirectory) -> None:
    file = job.path / "status.json"
    recorded = read_json(file) if file.exists() else {}
    write_json(file, recorded | {"state": JobState.STOPPED, "seconds_left": None, "error": None})
