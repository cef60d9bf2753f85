"""Which processes live: a number alone does not tell, for numbers are used again."""

from __future__ import annotations

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
