"""Device queue: one job at a time on a device, oldest first.

There is no supervisor: a worker that wants the device puts a ticket into the
queue's folder, and starts when the process of every older ticket is gone. The ticket is a
lease, so workers in other containers are seen; those of other machines do not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.leases import Lease, is_held
from core.processes import ProcessRecord, running_system
from core.progress import JobStopped
from core.records import read_record
from core.workspace import queue_folder

_POLL_SECONDS = 0.2


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
    lease = Lease(ticket)
    # The lock decides between two workers that look at the tickets at the same time.
    lock = FileLock(folder / f"lock-{running_system()}")
    try:
        while not _is_first(ticket) or not _acquire(lock):
            if should_stop():
                raise JobStopped
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        lock.release()
        lease.release()


def rivals_of(name: str) -> list[str]:
    """List the jobs in the queues in which a job waits, in the order of their making, without itself."""
    rivals: dict[str, None] = {}
    for device in sorted(queue_folder().glob("*/")):
        tickets = {_job_of(ticket): ticket for ticket in sorted(device.glob("[0-9]*.json"))}
        if tickets.pop(name, None) is not None:
            rivals |= {job: None for job, ticket in tickets.items() if _is_waiting(ticket)}
    return list(rivals)


def _job_of(ticket: Path) -> str:
    return ticket.stem.split("-", 1)[1]


def _acquire(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _is_first(ticket: Path) -> bool:
    # A file name that begins with a dot is a ticket being written, or left by a crash.
    older = sorted(path for path in ticket.parent.glob("[0-9]*.json") if path.name < ticket.name)
    return not any(_is_waiting(path) for path in older)


def _is_waiting(ticket: Path) -> bool:
    try:
        process = read_record(ticket, ProcessRecord)
    except FileNotFoundError:
        # Its worker finished just now.
        return False
    if is_held(ticket):
        # Another machine on the same workspace has devices of its own.
        return process.is_on_this_system()
    ticket.unlink(missing_ok=True)
    return False
