"""The job directory: how a page, the command line and a worker speak to each other.

Each file has one writer:

====================  ======================  ==============================================
``config.json``       page or command line    before launch, never changed
``extension.json``    page or command line    before a launch: settings that changed since
``about.json``        page or command line    the name and the note people gave it
``process.json``      launcher                process id and start time
``earlier.json``      launcher                the status in which the attempt before ended
``status.json``       worker                  state, stage, progress; replaced atomically
``environment.json``  worker                  versions and device of the newest attempt
``metrics.jsonl``     worker                  one line an epoch; a torn tail is skipped
``batches.jsonl``     worker                  about two lines a second, thinned when many
``live.json``         worker                  the classifier as it learns
``kept.json``         worker                  what the step at work has to show so far
``steps.json``        worker                  which steps are done, with which settings
``stop.request``      page or command line    exists or not
``pause.request``     page or command line    exists or not
``result.json``       worker                  what each step returned
``reserve``           worker                  space to write the last status on a full disk
``worker.log``        worker                  for people only
====================  ======================  ==============================================

When a job rests or its process died, ``core.jobs.ending`` writes in the worker's place.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypedDict

from core.errors import SchemaVersionError
from core.files import read_json, read_json_lines, write_json
from core.messages import N_, Message
from core.processes import process_lives
from core.workspace import SCHEMA_VERSION

# Between the making of a job directory and the launcher's note of its process id.
_LAUNCH_GRACE_SECONDS = 10.0
# A job that takes longer than expected is still not done.
MAX_RUNNING_FRACTION = 0.99


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # waits for its turn on the device
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"  # no process works on it; it goes on from its checkpoint
    FINISHED = "finished"
    STOPPED = "stopped"  # the user ended it; what was best is kept
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # its process died

    @property
    def has_ended(self) -> bool:
        """True where no process works on the job, whether or not it can go on."""
        return self in _ENDED

    @property
    def is_at_rest(self) -> bool:
        """True where a job waits to be resumed: it was not ended by the user, nor by its work."""
        return self in {JobState.PAUSED, JobState.INTERRUPTED}


_ENDED = {JobState.FINISHED, JobState.STOPPED, JobState.FAILED, JobState.INTERRUPTED, JobState.PAUSED}


class Usage(TypedDict):
    """What a job's processes take of the machine."""

    cpu_percent: float  # of all cores it may use, 0 to 100
    memory_bytes: int
    gpu_percent: float | None  # of its GPUs, 0 to 100; None without one
    gpu_memory_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """What a job tells of itself, with the state that is true now."""

    state: JobState
    stage: str = ""  # a ``Stage``, or "" before the first
    stage_done: int = 0
    stage_total: int = 0
    fraction: float = 0.0  # of the whole job, 0 to 1
    seconds_left: float | None = None
    stage_seconds_left: float | None = None  # the part of it that this stage has
    worked_seconds: float = 0.0  # at work so far, over all attempts
    steps_per_second: float | None = None  # of this stage
    started: float | None = None  # seconds since the epoch
    updated: float | None = None
    seconds: Mapping[str, float] | None = None  # by stage, those that are over
    usage: Usage | None = None
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
    def create(
        cls, path: Path, kind: str, config: Mapping[str, Any], *, is_private: bool = False
    ) -> JobDirectory:
        """Make the directory of a job that is not started yet; it is a job once its config is there.

        Args:
            is_private: only its user may read the config, for it holds a password.
        """
        path.mkdir(parents=True, exist_ok=True)
        if (path / "config.json").exists():
            raise FileExistsError(path)
        record = {
            "schema_version": SCHEMA_VERSION,
            "kind": kind,
            "created": time.time(),
            "config": dict(config),
        }
        write_json(path / "config.json", record, is_private=is_private)
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

    def is_of_today(self) -> bool:
        """Whether this version of Darkroom can read it."""
        return bool(read_json(self.path / "config.json").get("schema_version") == SCHEMA_VERSION)

    def config(self) -> dict[str, Any]:
        """What the job is asked to do: its settings, and what was changed when it was continued."""
        return dict(self._record()["config"]) | self.extension()

    def extension(self) -> dict[str, Any]:
        """The settings that were changed when the job was continued."""
        return self._optional("extension.json") or {}

    def extend(self, changes: Mapping[str, Any]) -> None:
        """Change settings of a job that is not running; they count from its next launch."""
        write_json(self.path / "extension.json", self.extension() | dict(changes))

    def status(self) -> JobStatus:
        """What the job says of itself, corrected by whether its process lives."""
        # Asked before reading: a worker that ends in between has then already written its last word.
        alive = self.is_alive()
        file = self.path / "status.json"
        recorded = read_json(file) if file.exists() else {}
        state = resolve(JobState(recorded.pop("state")) if recorded else None, alive=alive)
        error = recorded.pop("error", None)
        if state.has_ended:
            recorded |= {"usage": None}
        else:
            recorded |= until_now(recorded)
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
        return self._optional("result.json")

    def batches(self) -> list[dict[str, Any]]:
        """How batches went, oldest first; thinned, and the more so the older."""
        return read_json_lines(self.path / "batches.jsonl")

    def live(self) -> dict[str, Any] | None:
        """The classifier as it learns, or None before it has been shown."""
        return self._optional("live.json")

    def kept(self) -> dict[str, Any] | None:
        """What the step at work has to show if it is ended now, or None."""
        return self._optional("kept.json")

    def environment(self) -> dict[str, Any]:
        """Versions and device of the newest attempt; empty before the first."""
        return self._optional("environment.json") or {}

    def request_stop(self) -> None:
        (self.path / "stop.request").touch()

    def withdraw_stop(self) -> None:
        (self.path / "stop.request").unlink(missing_ok=True)

    def stop_requested(self) -> bool:
        return (self.path / "stop.request").exists()

    def request_pause(self) -> None:
        (self.path / "pause.request").touch()

    def withdraw_pause(self) -> None:
        (self.path / "pause.request").unlink(missing_ok=True)

    def pause_requested(self) -> bool:
        return (self.path / "pause.request").exists()

    def _optional(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(read_json(self.path / name))
        except FileNotFoundError:
            return None

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


def running_fraction(worked: float, left: float) -> float:
    """How much of a running job is done, 0 to 0.99, from its seconds of work so far and to come."""
    return min(MAX_RUNNING_FRACTION, worked / (worked + left)) if worked + left > 0 else 0.0


def until_now(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Times and fraction of a running job as of now: a step that cannot report still comes nearer to its end.

    Args:
        recorded: ``status.json`` as the worker wrote it.
    """
    left = recorded.get("seconds_left")
    if left is None or "updated" not in recorded:
        return {"fraction": recorded.get("fraction", 0.0)}
    passed = max(0.0, time.time() - recorded["updated"])
    of_stage = recorded.get("stage_seconds_left")
    left -= min(passed, left if of_stage is None else of_stage)
    worked = recorded.get("worked_seconds", 0.0) + passed
    fraction = max(recorded["fraction"], running_fraction(worked, left))
    return {"seconds_left": left, "worked_seconds": worked, "fraction": fraction}


def list_jobs(folder: Path) -> list[JobDirectory]:
    """The jobs in a folder, newest first; those that another version of Darkroom wrote are left out."""
    if not folder.is_dir():
        return []
    jobs = [JobDirectory(path) for path in folder.iterdir() if (path / "config.json").is_file()]
    return sorted(filter(JobDirectory.is_of_today, jobs), key=lambda job: job.created, reverse=True)
