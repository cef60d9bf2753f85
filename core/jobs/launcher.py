"""Starting a worker that outlives the page that asked for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock

import core
from core.errors import DiskFullError
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.workspace import home, queue_folder

# A worker that starts writes little, but more than nothing.
_LEAST_FREE_BYTES = 1 << 20


@contextmanager
def launching() -> Iterator[None]:
    """Hold off every other resume, stop and delete: what is seen within the block stays so.

    Two pages that press Resume at once would else start two workers in one directory.
    """
    folder = queue_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "launching.lock"):
        yield


def launch(job: JobDirectory) -> int:
    """Start (or start again) the worker of a job; returns its process id.

    The worker gets a session of its own, so that neither the end of the server
    nor a Ctrl-C in its terminal reaches it.

    Raises:
        DiskFullError: a worker could not even say that it lives.
    """
    _require_room(job.path)
    job.withdraw_stop()
    job.withdraw_pause()
    _put_away_status(job.path)
    source_root = Path(core.__file__).resolve().parent.parent
    environment = {**os.environ, "DARKROOM_HOME": str(home())}
    # The web process runs Keras on NumPy; a worker chooses its own backend.
    environment.pop("KERAS_BACKEND", None)
    with (job.path / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.worker", str(job.path)],
            cwd=source_root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    write_json(
        job.path / "process.json", {"pid": process.pid, "started": psutil.Process(process.pid).create_time()}
    )
    return process.pid


def _put_away_status(folder: Path) -> None:
    """How an earlier attempt ended is over; how long it worked still counts."""
    status = folder / "status.json"
    if status.exists():
        status.replace(folder / "earlier.json")


def _require_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        raise DiskFullError(
            N_("The disk is full: {free} MB are free at {folder}. Free some space, then try again."),
            free=f"{free / 1e6:.1f}",
            folder=str(folder),
        )
