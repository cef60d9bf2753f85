"""One job at a time on a device, in the order in which they were made.

There is no supervisor: a worker that wants the device puts a ticket into the
queue's folder and starts when every older ticket's process is gone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from core.files import read_json, write_json
from core.processes import process_lives
from core.progress import JobStopped
from core.workspace import queue_folder

_LOOK_AGAIN_SECONDS = 0.2


@contextmanager
def turn_on_device(device: str, name: str, created: float, should_stop: Callable[[], bool]) -> Iterator[None]:
    """Wait for the device and hold it for the length of the block.

    Args:
        device: "cpu", or a GPU's name.
        created: when the job was made, in seconds since the epoch; older jobs go first.
    Raises:
        JobStopped: the user stopped the job while it waited.
    """
    folder = queue_folder() / device
    folder.mkdir(parents=True, exist_ok=True)
    ticket = folder / f"{created:020.6f}-{name}.json"
    process = psutil.Process(os.getpid())
    write_json(ticket, {"pid": process.pid, "started": process.create_time()})
    # The lock settles the one moment the tickets leave open: two workers that look at the same time.
    lock = FileLock(folder / "lock")
    try:
        while not _is_first(ticket) or not _taken(lock):
            if should_stop():
                raise JobStopped
            time.sleep(_LOOK_AGAIN_SECONDS)
        yield
    finally:
        lock.release()
        ticket.unlink(missing_ok=True)


def _taken(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _is_first(ticket: Path) -> bool:
    # A name with a dot is a ticket being written, or what a crash left of one.
    older = sorted(path for path in ticket.parent.glob("[0-9]*.json") if path.name < ticket.name)
    return not any(_is_waiting(path) for path in older)


def _is_waiting(ticket: Path) -> bool:
    try:
        record = read_json(ticket)
    except FileNotFoundError:
        return False  # its worker finished just now
    if process_lives(int(record["pid"]), float(record["started"])):
        return True
    ticket.unlink(missing_ok=True)
    return False
