"""Warm workers: processes that have imported what a training needs and wait for its job.

A page starts one, and ``core.jobs.launcher`` hands it a job. Each has files in the workspace:

===============  ==========  ==================================================================
``NAME.json``    starter     its offer; whoever removes the file decides about the process
``NAME.order``   launcher    the job's directory
``NAME.log``     the process  what it prints before it has a job
===============  ==========  ==================================================================

A job must not see whether its worker was warm. So a worker is taken only where a new process
would get the same program, packages and environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from filelock import FileLock, Timeout

import core
from core.errors import ConfigError, DamagedFileError, RecordError, SchemaVersionError
from core.files import digest_of, write_json
from core.jobs.environment import worker_environment
from core.jobs.kinds import JOB_TYPES, JobKind
from core.keras_backend import DEFAULT, chosen_backend
from core.processes import ProcessRecord
from core.records import Record, read_record, write_record
from core.workspace import warm_folder

# Minutes without a look at the page after which a worker is given back; 0: none is started.
MINUTES_VARIABLE = "DARKROOM_WARM_MINUTES"
_DEFAULT_MINUTES = 10.0
# A waiting worker takes a quarter of it, and a training about as much again.
_LEAST_FREE_BYTES = 3 << 30
# scikit-learn sets them when it is imported: in a server at some time, in a worker anyway.
_OF_LIBRARIES = {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}
# Its offer is written right after its start.
_OLDEST_LOG_SECONDS = 60.0
_ROOT = Path(core.__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Offer(Record):
    """Warm worker: its process, and the jobs that it suits."""

    process: ProcessRecord
    kind: JobKind
    # See ``fingerprint``.
    fingerprint: str


def warm_minutes() -> float:
    """Minutes for which a worker waits, by ``DARKROOM_WARM_MINUTES``; 0: none is started."""
    try:
        return max(0.0, float(os.environ.get(MINUTES_VARIABLE) or _DEFAULT_MINUTES))
    except ValueError:
        return _DEFAULT_MINUTES


def keep_warm_worker(kind: JobKind, expected: Mapping[str, Any] | None = None) -> int | None:
    """Start a worker that waits for a job of this kind, or let the one that waits wait on.

    It ends when this process does, after minutes without a call, and when memory gets short.

    Args:
        expected: probable settings of the job, which a new worker prepares for; other jobs suit it as well.
    Returns:
        The memory that it takes, in bytes; None where none is wanted or memory is short.
    """
    if not warm_minutes() or not JOB_TYPES[kind].imported_ahead or not _is_usual_backend():
        return None
    folder = warm_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(Timeout, OSError, psutil.Error), FileLock(folder / ".lock", blocking=False):
        _remove_remains()
        wanted = fingerprint(worker_environment())
        for file, offer in _offers():
            if (offer.kind, offer.fingerprint) == (kind, wanted):
                file.touch()
                return _memory_bytes(offer.process)
        if psutil.virtual_memory().available >= _LEAST_FREE_BYTES:
            return _memory_bytes(_start(kind, wanted, expected or {}))
    return None


def hand_over(job: Path, kind: JobKind, environment: Mapping[str, str]) -> ProcessRecord | None:
    """Hand a job to a warm worker that is like a new one with this environment.

    Writes ``process.json`` before the worker may begin.

    Returns:
        The process; None if none waits.
    """
    offers = list(_offers())
    wanted = fingerprint(environment) if offers else ""
    for file, offer in offers:
        if (offer.kind, offer.fingerprint) != (kind, wanted) or not withdraw(file):
            continue
        write_record(job / "process.json", offer.process)
        order = order_file(file)
        write_json(order, str(job.resolve()))
        if offer.process.is_alive():
            return offer.process
        order.unlink(missing_ok=True)
    return None


def fingerprint(environment: Mapping[str, str]) -> str:
    """Digest of all that a new worker would be made of: interpreter, program, packages, environment."""
    # A page asks at every rerun: as ``Path`` objects this takes three times as long.
    sources = sorted(
        os.path.join(folder, name)  # noqa: PTH118
        for folder, _, names in os.walk(Path(core.__file__).parent)
        for name in names
        if name.endswith(".py")
    )
    return digest_of(
        {
            "program": [
                (path, status.st_mtime_ns, status.st_size)
                for path, status in zip(sources, map(os.stat, sources), strict=True)
            ],
            # Changed by every installation.
            "packages": Path(sysconfig.get_path("purelib")).stat().st_mtime_ns,
            "interpreter": sys.executable,
            "environment": {name: value for name, value in environment.items() if name not in _OF_LIBRARIES},
        }
    )


def _read_offer(file: Path) -> Offer | None:
    """Read an offer; None if it was taken, or is no offer of this version."""
    try:
        return read_record(file, Offer)
    except (FileNotFoundError, DamagedFileError, RecordError, SchemaVersionError):
        return None


def withdraw(file: Path) -> bool:
    """Remove an offer, to hand the worker a job or to end it; False if somebody else was faster."""
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def order_file(offer: Path) -> Path:
    """Path of the order to the worker of an offer."""
    return offer.with_suffix(".order")


def log_file(offer: Path) -> Path:
    """Path of the log of the worker of an offer, before it has a job."""
    return offer.with_suffix(".log")


def _start(kind: JobKind, wanted: str, expected: Mapping[str, Any]) -> ProcessRecord:
    file = warm_folder() / f"{uuid4().hex}.json"
    starter, settings = json.dumps(ProcessRecord.of().to_json()), json.dumps(dict(expected))
    with log_file(file).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.warm_worker", str(file), kind, starter, settings],
            cwd=_ROOT,
            env=worker_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    offer = Offer(process=ProcessRecord.of(process.pid), kind=kind, fingerprint=wanted)
    write_record(file, offer)
    return offer.process


def _is_usual_backend() -> bool:
    try:
        return chosen_backend() == DEFAULT
    # The job says so itself.
    except ConfigError:
        return False


def _offers() -> Iterator[tuple[Path, Offer]]:
    """Yield the offers of living workers that this process can see."""
    for file in sorted(warm_folder().glob("[0-9a-f]*.json")):
        offer = _read_offer(file)
        if offer is not None and offer.process.is_alive():
            yield file, offer


def _remove_remains() -> None:
    """Remove the files of workers that died while they waited."""
    for log in warm_folder().glob("*.log"):
        file = log.with_suffix(".json")
        offer = _read_offer(file)
        is_dead = offer is not None and offer.process.is_visible() and not offer.process.is_alive()
        is_left = offer is None and time.time() - log.stat().st_mtime > _OLDEST_LOG_SECONDS
        if is_dead or is_left:
            for path in (file, order_file(file), log):
                path.unlink(missing_ok=True)


def _memory_bytes(process: ProcessRecord) -> int | None:
    try:
        return int(psutil.Process(process.pid).memory_info().rss)
    except psutil.Error:
        return None
