"""Finish stopped jobs: record the interim result, and launch the remaining steps.

A worker finishes its own job. If its process is dead or the job rests, the caller of
``stop`` does it in the worker's place, holding ``launcher.launching``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.files import digest_of, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind, Step, step_of, upgrade_steps
from core.jobs.launcher import launch
from core.jobs.status import JobState, JobStatus
from core.records import JsonObject, Record, read_record, write_record
from core.workspace import new_job_name, project_of


@dataclass(frozen=True, kw_only=True)
class FinishConfig(Record):
    """Settings of a job that completes another one."""

    # Directory of the other job, relative to the project: ``runs/run-…`` or ``searches/search-…``.
    job: str
    # Codes of the steps still to run, in order.
    steps: tuple[str, ...]

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Read the absolute path and the step names of older versions."""
        parts = re.split(r"[\\/]", str(values.get("job", "")))
        return values | {"job": "/".join(parts[-2:]), "steps": upgrade_steps(values.get("steps"))}


@dataclass(frozen=True, kw_only=True)
class FinishedSteps(Record):
    """Steps of a job that are done, as stored in ``steps.json``."""

    # Digest of the settings that the steps ran with.
    settings: str
    # Codes of the steps.
    done: tuple[str, ...]

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Read the step names of older versions."""
        return values | {"done": upgrade_steps(values.get("done"))}


class StepLog:
    """Steps of a job that are done with its settings; the next attempt skips them."""

    def __init__(self, job: JobDirectory) -> None:
        self._file = job.path / "steps.json"
        self._settings = digest_of(target_of(job).config())
        recorded = read_record(self._file, FinishedSteps) if self._file.exists() else None
        # After a change of settings, such as "continue for 10 more epochs", every step runs again.
        is_same = recorded is not None and recorded.settings == self._settings
        self.done: tuple[str, ...] = recorded.done if recorded and is_same else ()

    def add(self, step: Step) -> None:
        """Record that a step is done."""
        self.done = (*self.done, step.code)
        write_record(self._file, FinishedSteps(settings=self._settings, done=self.done))


def target_of(job: JobDirectory) -> JobDirectory:
    """Return the job whose directory the steps work in: the job itself, or the one it completes."""
    if job.kind is not JobKind.FINISH:
        return job
    return JobDirectory(project_of(job.path).path / FinishConfig.from_json(job.config()).job)


def steps_of(job: JobDirectory) -> tuple[Step, ...]:
    """Return the steps of a job, in order.

    Raises:
        RecordError: the job completes another one by a step that is unknown here.
    """
    if job.kind is not JobKind.FINISH:
        return job.job_type.steps
    return tuple(step_of(code) for code in FinishConfig.from_json(job.config()).steps)


def completes(job: JobDirectory, target: Path) -> bool:
    """True if a job runs the remaining steps of the job in ``target``."""
    return job.kind is JobKind.FINISH and target_of(job).path == target


def record_results(target: Path, results: Mapping[str, Any]) -> None:
    """Write the results of the steps so far."""
    write_json(target / "result.json", dict(results))


def create_finish_job(target: Path, steps: Sequence[Step], name: str = "") -> JobDirectory:
    """Create a job that runs steps in the directory of another job of the same project."""
    project = project_of(target)
    config = FinishConfig(
        job=target.relative_to(project.path).as_posix(), steps=tuple(step.code for step in steps)
    )
    path = project.jobs / (name or new_job_name("finish"))
    return JobDirectory.create(path, JobKind.FINISH, config.to_json())


def launch_remaining(target: Path, steps: Sequence[Step]) -> JobDirectory:
    """Launch a job that runs the remaining steps of a stopped one."""
    job = create_finish_job(target, steps)
    launch(job)
    return job


def stop_at_rest(job: JobDirectory) -> None:
    """Stop a job that no process works on: record its best result, launch the remaining steps."""
    steps = steps_of(job)
    done = [step for step in steps if step.code in StepLog(job).done]
    interim = job.interim_result()
    if interim is not None and len(done) < len(steps):
        results = (job.result() or {}) if done else {}
        record_results(job.path, results | interim)
        done.append(steps[len(done)])
    remaining = steps[len(done) :]
    if done and remaining:
        launch_remaining(job.path, remaining)
    recorded = job.recorded_status() or JobStatus()
    job.write_status(replace(recorded, state=JobState.STOPPED, seconds_left=None, error=None))
