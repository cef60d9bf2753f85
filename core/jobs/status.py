"""Job status: state, stage, progress and time left, as a worker records them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.messages import Message
from core.progress import Stage
from core.records import JsonObject, Record

# A job that takes longer than expected is still not done.
MAX_RUNNING_FRACTION = 0.99


class JobState(StrEnum):
    """State of a job."""

    # Waits for its turn on the device.
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    # No process works on it. It resumes from its checkpoint.
    PAUSED = "paused"
    FINISHED = "finished"
    # The user ended it. Its best result is recorded.
    STOPPED = "stopped"
    FAILED = "failed"
    # Its process died.
    INTERRUPTED = "interrupted"

    @property
    def has_ended(self) -> bool:
        """True if no process works on the job, whether or not it can be resumed."""
        return self in _ENDED

    @property
    def is_at_rest(self) -> bool:
        """True if a job can be resumed: neither the user nor its work ended it."""
        return self in {JobState.PAUSED, JobState.INTERRUPTED}


_ENDED = {JobState.FINISHED, JobState.STOPPED, JobState.FAILED, JobState.INTERRUPTED, JobState.PAUSED}


@dataclass(frozen=True, kw_only=True)
class Usage(Record):
    """Resource usage of a job's processes."""

    # Of all cores it may use, 0 to 100.
    cpu_percent: float
    memory_bytes: int
    # Of its GPUs, 0 to 100. None without one.
    gpu_percent: float | None
    gpu_memory_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class JobStatus(Record):
    """Status of a job, as stored in ``status.json``."""

    state: JobState = JobState.STARTING
    # None before the first stage.
    stage: Stage | None = None
    stage_done: int = 0
    stage_total: int = 0
    # Of the whole job, 0 to 1.
    fraction: float = 0.0
    seconds_left: float | None = None
    # The part of ``seconds_left`` that belongs to this stage.
    stage_seconds_left: float | None = None
    # Over all attempts.
    worked_seconds: float = 0.0
    # In the current stage.
    steps_per_second: float | None = None
    # Between two reports of the current stage, which may be of many steps each. None without two.
    report_seconds: float | None = None
    # Seconds since the epoch.
    started: float | None = None
    updated: float | None = None
    # Seconds of each stage that is over.
    seconds: Mapping[str, float] = field(default_factory=dict)
    usage: Usage | None = None
    error: Message | None = None
    # True for an error inside Darkroom, which the user cannot fix.
    is_bug: bool = False

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Read the empty stage and the missing seconds of older versions."""
        return values | {"stage": values.get("stage") or None, "seconds": values.get("seconds") or {}}

    def at_present(self) -> JobStatus:
        """Extrapolate times and fraction of a running job from its last report to now.

        A step that cannot report still progresses.
        """
        return self if self.updated is None else self.after(max(0.0, time.time() - self.updated))

    def after(self, passed: float) -> JobStatus:
        """Extrapolate times and fraction of a running job by seconds that passed since its last report.

        What is late uses up its own time, not that of what comes after it.
        """
        if self.seconds_left is None:
            return self
        of_stage = self.seconds_left if self.stage_seconds_left is None else self.stage_seconds_left
        of_report = of_stage if self.report_seconds is None else min(of_stage, self.report_seconds)
        left = self.seconds_left - min(passed, of_report)
        worked = self.worked_seconds + passed
        fraction = max(self.fraction, running_fraction(worked, left))
        return replace(self, seconds_left=left, worked_seconds=worked, fraction=fraction)


def resolve_state(recorded: JobState | None, *, is_alive: bool) -> JobState:
    """Combine the state a worker recorded last with whether its process is alive."""
    if recorded is not None and recorded.has_ended:
        return recorded
    if not is_alive:
        return JobState.INTERRUPTED
    return recorded or JobState.STARTING


def running_fraction(worked: float, left: float) -> float:
    """Estimate the fraction done, 0 to 0.99, from seconds of work done and left."""
    return min(MAX_RUNNING_FRACTION, worked / (worked + left)) if worked + left > 0 else 0.0
