"""The job directory: how a page, the command line and a worker speak to each other.

Each file has one writer:

================  ==========================  =========================================
``config.json``   page or command line        before launch, never changed
``process.json``  launcher                    process id and start time
``status.json``   worker                      state, stage, progress; replaced atomically
``metrics.jsonl`` worker                      one line an epoch; a torn tail is skipped
``stop.request``  page or command line        exists or not
``result.json``   worker                      what each step returned
``worker.log``    worker                      for people only
================  ==========================  =========================================
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import SchemaVersionError
from core.files import read_json, read_json_lines, write_json
from core.messages import N_, Message
from core.processes import process_lives
from core.workspace import SCHEMA_VERSION

# Between the making of a job directory and the launcher's note of its process id.
_LAUNCH_GRACE_SECONDS = 10.0


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # waits for its turn on the device
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"  # the user ended it; what was best is kept
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # its process died

    @property
    def has_ended(self) -> bool:
        return self in {JobState.FINISHED, JobState.STOPPED, JobState.FAILED, JobState.INTERRUPTED}


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """What a job tells of itself, with the state that is true now."""

    state: JobState
    stage: str = ""  # a ``Stage``, or "" before the first
    stage_done: int = 0
    stage_total: int = 0
    fraction: float = 0.0  # of the whole job, 0 to 1
    seconds_left: float | None = None
    steps_per_second: float | None = None  # of this stage
    started: float | None = None  # seconds since the epoch
    updated: float | None = None
    seconds: Mapping[str, float] | None = None  # by stage, those that are over
    error: Message | None = None
    is_bug: bool = False  # the error is Darkroom's own, not something the user can mend


def resolve(recorded: JobState | None, *, alive: bool) -> JobState:
    """The state to show, from what the worker wrote last and whether its process lives."""
    if recorded is not None and recorded.has_ended:
        return recorded
    if not alive:
        return JobState.INTERRUPTED
    return recorded or JobState.STARTING


class JobDirectory:
    """One job, seen from outside its worker."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, kind: str, config: Mapping[str, Any]) -> JobDirectory:
        """Make the directory of a job that is not started yet; it is a job once its config is there."""
        path.mkdir(parents=True, exist_ok=True)
        if (path / "config.json").exists():
            raise FileExistsError(path)
        record = {
            "schema_version": SCHEMA_VERSION,
            "kind": kind,
            "created": time.time(),
            "config": dict(config),
        }
        write_json(path / "config.json", record)
        return cls(path)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def kind(self) -> str:
        return str(self._record()["kind"])

    @property
    def created(self) -> float:
        return float(self._record()["created"])

    def config(self) -> dict[str, Any]:
        """What the job was asked to do."""
        return dict(self._record()["config"])

    def status(self) -> JobStatus:
        """What the job says of itself, corrected by whether its process lives."""
        # Asked before reading: a worker that ends in between has then already written its last word.
        alive = self.is_alive()
        file = self.path / "status.json"
        recorded = read_json(file) if file.exists() else {}
        state = resolve(JobState(recorded.pop("state")) if recorded else None, alive=alive)
        error = recorded.pop("error", None)
        if recorded.get("seconds_left") is not None and not state.has_ended and "updated" in recorded:
            recorded |= _until_now(recorded["started"], recorded["updated"], recorded["seconds_left"])
        return JobStatus(state=state, error=Message.from_json(error) if error else None, **recorded)

    def is_alive(self) -> bool:
        """True while the worker's process lives. A zombie is dead; another process of the same id is not it."""
        file = self.path / "process.json"
        if not file.exists():
            return time.time() - self.created < _LAUNCH_GRACE_SECONDS
        recorded = read_json(file)
        return process_lives(int(recorded["pid"]), float(recorded["started"]))

    def process_id(self) -> int | None:
        file = self.path / "process.json"
        return int(read_json(file)["pid"]) if file.exists() else None

    def metrics(self) -> list[dict[str, Any]]:
        return read_json_lines(self.path / "metrics.jsonl")

    def result(self) -> dict[str, Any] | None:
        """What the job's steps returned, or None before the first has ended."""
        file = self.path / "result.json"
        return dict(read_json(file)) if file.exists() else None

    def request_stop(self) -> None:
        (self.path / "stop.request").touch()

    def withdraw_stop(self) -> None:
        (self.path / "stop.request").unlink(missing_ok=True)

    def stop_requested(self) -> bool:
        return (self.path / "stop.request").exists()

    def request_pause(self) -> None:
        (self.path / "pause.request").touch()

    def pause_requested(self) -> bool:
        return (self.path / "pause.request").exists()

    def _record(self) -> dict[str, Any]:
        record: dict[str, Any] = read_json(self.path / "config.json")
        if record.get("schema_version") != SCHEMA_VERSION:
            raise SchemaVersionError(
                N_(
                    "Job “{name}” was written in format {found}; this Darkroom reads format {expected}. Update Darkroom."
                ),
                name=self.name,
                found=record.get("schema_version"),
                expected=SCHEMA_VERSION,
            )
        return record


def _until_now(started: float, updated: float, seconds_left: float) -> dict[str, float]:
    """Time left and fraction done as of now: a step that cannot report still comes nearer to its end."""
    now = time.time()
    left = max(0.0, seconds_left - (now - updated))
    return {"seconds_left": left, "fraction": (now - started) / (now - started + left or 1.0)}


def list_jobs(folder: Path) -> list[JobDirectory]:
    """The jobs in a folder, newest first."""
    if not folder.is_dir():
        return []
    jobs = [JobDirectory(path) for path in folder.iterdir() if (path / "config.json").is_file()]
    return sorted(jobs, key=lambda job: job.created, reverse=True)
