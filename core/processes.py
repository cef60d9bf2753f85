"""Which processes live (a number alone does not tell, for numbers are used again), and on how many cores."""

from __future__ import annotations

import os

import psutil

_START_TIME_TOLERANCE_SECONDS = 1.0


def process_lives(process_id: int, started: float) -> bool:
    """True if the process that began at ``started`` (seconds since the epoch) runs and is no zombie."""
    try:
        process = psutil.Process(process_id)
        same = abs(process.create_time() - started) < _START_TIME_TOLERANCE_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def usable_cores() -> int:
    """Cores that this process may run on, which can be fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
