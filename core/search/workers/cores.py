"""Processes on one machine do not fight for its cores: each keeps to its share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import psutil

from core.devices import cpu_cores
from core.search.space import Speed

_MOST_SUGGESTED = 4
_BYTES_A_WORKER = 1_500 << 20
CORES_VARIABLE = "DARKROOM_SEARCH_SHARE"  # "1/4": the second of four processes


def suggested_workers(speed: Speed) -> int:
    """How many processes serve a search best here, as cores and free memory allow.

    Heads are many short products: two processes with a core each did 1.6 to 1.9 times the
    trials of one with both. A network keeps all cores busy by itself.
    """
    if speed is Speed.FULL:
        return 1
    fitting = psutil.virtual_memory().available // _BYTES_A_WORKER
    return max(1, min(_MOST_SUGGESTED, cpu_cores(), fitting))


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
