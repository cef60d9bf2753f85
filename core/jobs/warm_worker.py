"""Warm worker: ``python -m core.jobs.warm_worker OFFER KIND STARTER SETTINGS`` imports ahead, then waits for a job.

From the hand-over on it is a worker like any other. Without a job it ends with its starter.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from core.devices import chosen_devices, visible_gpus
from core.errors import DarkroomError
from core.files import read_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JOB_TYPES, JobKind, JobType
from core.jobs.warm import log_file, order_file, warm_minutes, withdraw
from core.jobs.worker import Worker, log_to_stderr, open_worker, prepare_environment
from core.keras_backend import chosen_backend
from core.processes import ProcessRecord
from core.records import JsonObject

log = logging.getLogger("darkroom.warm")

_POLL_SECONDS = 0.02
_LOOK_AROUND_SECONDS = 1.0
# From the start of the process to its offer, and from the withdrawal of an offer to the order.
_PATIENCE_SECONDS = 60.0
# Below it, jobs need the memory more.
_LEAST_FREE_BYTES = 1 << 30


def main() -> int:
    """Wait for a job of a kind, and run it; returns its exit code."""
    file, kind, starter = Path(sys.argv[1]), JobKind(sys.argv[2]), json.loads(sys.argv[3])
    log_to_stderr()
    prepare_environment()
    waiting = Waiting(file, ProcessRecord.from_json(starter))
    threading.Thread(target=waiting.wait, name="waiting", daemon=True).start()
    get_ready(JOB_TYPES[kind], json.loads(sys.argv[4]), waiting.has_job)
    worker = waiting.worker()
    return 2 if worker is None else worker.run()


class Waiting:
    """Wait for a job, in a thread: a job that comes during the imports can be stopped at once."""

    def __init__(self, file: Path, starter: ProcessRecord) -> None:
        self._file, self._starter = file, starter
        self._has_job = threading.Event()
        self._worker: Worker | None = None

    def wait(self) -> None:
        """Wait for an order; the process ends if none comes."""
        try:
            order = self._order()
            if order is None:
                os._exit(0)
            _log_to(order / "worker.log")
            log_file(self._file).unlink(missing_ok=True)
            self._worker = open_worker(JobDirectory(order))
            if self._worker is not None:
                self._worker.watch()
            self._has_job.set()
        # A worker's edge: the main thread would wait for ever.
        except Exception:
            log.exception("The job could not be taken over")
            os._exit(1)

    def has_job(self) -> bool:
        """True once a job was handed over."""
        return self._has_job.is_set()

    def worker(self) -> Worker | None:
        """Return the worker of the job once there is one; None if the job cannot be read."""
        self._has_job.wait()
        return self._worker

    def _order(self) -> Path | None:
        """Return the directory of the job; None once nobody wants this process any more."""
        order = order_file(self._file)
        offered_at = time.monotonic()
        idle = _Idleness(self._file)
        while not order.exists():
            if self._file.exists():
                offered_at = time.monotonic()
                if self._should_leave(idle) and withdraw(self._file):
                    log_file(self._file).unlink(missing_ok=True)
                    return None
            elif time.monotonic() - offered_at > _PATIENCE_SECONDS:
                return None
            time.sleep(_POLL_SECONDS)
        directory = Path(read_json(order))
        order.unlink()
        return directory

    def _should_leave(self, idle: _Idleness) -> bool:
        if not idle.is_due():
            return False
        is_short = psutil.virtual_memory().available < _LEAST_FREE_BYTES
        return is_short or not self._starter.is_alive() or idle.seconds() > 60 * warm_minutes()


class _Idleness:
    """Time since the offer was renewed last, by a clock that nobody sets; looked at once a second."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked_at = self._renewed_at = time.monotonic()
        self._time_of_file = 0

    def is_due(self) -> bool:
        if time.monotonic() - self._looked_at < _LOOK_AROUND_SECONDS:
            return False
        self._looked_at = time.monotonic()
        return True

    def seconds(self) -> float:
        with contextlib.suppress(FileNotFoundError):
            changed = self._file.stat().st_mtime_ns
            if changed != self._time_of_file:
                self._time_of_file, self._renewed_at = changed, time.monotonic()
        return time.monotonic() - self._renewed_at


def get_ready(job_type: JobType, expected: JsonObject, has_job: Callable[[], bool]) -> None:
    """Do ahead what a job of this kind needs, under the environment that its worker would set.

    Args:
        expected: probable settings of the job; nothing is prepared without.
        has_job: asked after the imports. A job that is there already prepares itself.
    """
    try:
        with _environment_of_jobs():
            for module in job_type.imported_ahead:
                importlib.import_module(module)
            if expected and job_type.prepared_by and not has_job():
                module, function = job_type.prepared_by.split(":")
                getattr(importlib.import_module(module), function)(expected)
    except DarkroomError as error:
        # The job says so itself.
        log.error("%s", error)
    except ImportError:
        log.exception("Something could not be imported ahead")


@contextlib.contextmanager
def _environment_of_jobs() -> Iterator[None]:
    """Set what a worker sets before its steps; the job's own worker finds the variables as they were."""
    before = dict(os.environ)
    os.environ.setdefault("KERAS_BACKEND", chosen_backend())
    os.environ.update(visible_gpus(chosen_devices()))
    try:
        yield
    finally:
        for name in ("KERAS_BACKEND", *visible_gpus(())):
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


def _log_to(file: Path) -> None:
    """Send everything that this process prints to the end of a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    with file.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)


if __name__ == "__main__":
    sys.exit(main())
