"""CPU cores of a search's processes: each process has a share of its own."""

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
    """Recommended number of processes for a search, limited by cores and free memory.

    Training heads is many short matrix products: two processes with one core each finish 1.6
    to 1.9 times the trials of one process with both. A network keeps all cores busy.
    """
    if speed is Speed.FULL:
        return 1
    fitting = psutil.virtual_memory().available // _BYTES_A_WORKER
    return max(1, min(_MOST_SUGGESTED, cpu_cores(), fitting))


def own_share() -> tuple[int, int]:
    """Number of this process, and count of processes that share the machine."""
    number, _, count = os.environ.get(CORES_VARIABLE, "0/1").partition("/")
    return int(number), int(count)


@contextlib.contextmanager
def share_cores(number: int, count: int) -> Iterator[None]:
    """Run on the share of cores of process ``number`` of ``count``, if the system can limit them."""
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
