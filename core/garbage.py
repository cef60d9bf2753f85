"""Garbage collection of large allocations that have no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause Python's search for cycles while a block makes very many objects.

    It would walk through all of them again and again, which takes a third of the time for a
    hundred thousand files. Blocks may overlap in threads: the first to end resumes it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
