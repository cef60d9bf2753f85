"""Processes on one machine do not fight for its cores: each keeps to its share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

CORES_VARIABLE = "DARKROOM_SEARCH_SHARE"  # "1/4": the second of four processes


def own_share() -> tuple[int, int]:
    """This process's number, and how many share the machine."""
    number, _, count = os.environ.get(CORES_VARIABLE, "0/1").partition("/")
    return int(number), int(count)


@contextlib.contextmanager
def share_cores(number: int, count: int) -> Iterator[None]:
    """Keep to the share of the cores that process ``number`` of ``count`` has; where a system cannot, to all."""
    if count == 1 or not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = sorted(os.sched_getaffinity(0))
    mine = cores[number::count] or [cores[number % len(cores)]]
    os.sched_setaffinity(0, mine)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
