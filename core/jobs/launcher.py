"""Launch workers: processes that outlive the page or command that started them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

import core
from core.jobs.directory import JobDirectory
from core.jobs.disk import disk_full_error
from core.jobs.environment import worker_environment
from core.jobs.warm import hand_over
from core.processes import ProcessRecord
from core.records import write_record
from core.workspace import queue_folder

# A starting worker writes little.
_LEAST_FREE_BYTES = 1 << 20


@contextmanager
def launching() -> Iterator[None]:
    """Lock out every other resume, stop and delete, so that states read within the block stay true.

    Without it, Resume on two pages at once would start two workers in one directory.
    """
    folder = queue_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "launching.lock"):
        yield


def launch(job: JobDirectory, *, may_be_warm: bool = False) -> int:
    """Start the worker of a job, for the first time or again.

    The worker gets a session of its own, so that neither the end of the server
    nor a Ctrl-C in its terminal reaches it.

    Args:
        may_be_warm: a warm worker takes the job if one waits that is like a new one. Not for jobs
            that choose something which TensorFlow reads at its import.
    Returns:
        The process id.
    Raises:
        DiskFullError: there is no space for the first status of a worker.
    """
    require_room(job.path)
    job.withdraw_stop()
    job.withdraw_pause()
    _set_status_aside(job.path)
    environment = worker_environment()
    warm = hand_over(job.path, job.kind, environment) if may_be_warm else None
    return warm.pid if warm is not None else _start(job, environment)


def _start(job: JobDirectory, environment: Mapping[str, str]) -> int:
    source_root = Path(core.__file__).resolve().parent.parent
    with (job.path / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.worker", str(job.path)],
            cwd=source_root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    write_record(job.path / "process.json", ProcessRecord.of(process.pid))
    return process.pid


def _set_status_aside(folder: Path) -> None:
    """Set aside the status of the earlier attempt, whose seconds of work still count."""
    status = folder / "status.json"
    if status.exists():
        status.replace(folder / "earlier.json")


def require_room(folder: Path) -> None:
    """Raise DiskFullError if there is no space for the first status of a worker."""
    if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        raise disk_full_error(folder)
