"""Process identity: a process id with its start time, because ids are reused."""

from __future__ import annotations

import os
from dataclasses import dataclass

import psutil

from core.records import Record

_START_TIME_TOLERANCE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class ProcessRecord(Record):
    """Identity of one process."""

    pid: int
    # Seconds since the epoch.
    started: float

    @classmethod
    def of(cls, process_id: int | None = None) -> ProcessRecord:
        """Describe a running process, by default this one."""
        process = psutil.Process(os.getpid() if process_id is None else process_id)
        return cls(pid=process.pid, started=process.create_time())

    def is_alive(self) -> bool:
        """True while this process runs and is not a zombie."""
        return process_lives(self.pid, self.started)


def process_lives(process_id: int, started: float) -> bool:
    """True if the process that began at ``started`` (seconds since the epoch) runs and is not a zombie."""
    try:
        process = psutil.Process(process_id)
        same = abs(process.create_time() - started) < _START_TIME_TOLERANCE_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
