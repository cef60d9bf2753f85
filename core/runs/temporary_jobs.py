"""Temporary jobs: start one, and remove those that ended a day ago."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from core.errors import RecordError
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch
from core.jobs.status import JobState
from core.workspace import new_job_name

_KEEP_ENDED_JOBS_SECONDS = 24 * 3600.0


def start_temporary(folder: Path, kind: JobKind, config: Mapping[str, object]) -> JobDirectory:
    """Start a job in a folder of jobs, and remove its old ones."""
    remove_old_jobs(folder)
    job = JobDirectory.create(folder / new_job_name(kind), kind, config)
    launch(job)
    return job


def remove_old_jobs(folder: Path, *, spared: Path | None = None) -> None:
    """Remove temporary jobs that ended a day ago, with their uploads; not those that are paused.

    An upload stays while a younger import reads it: an answered question leaves it where it is.

    Args:
        spared: directory of a job that is still needed.
    """
    jobs = list_jobs(folder)
    old = [job for job in jobs if job.path != spared and _is_old(job)]
    kept = {job.path for job in jobs} - {job.path for job in old}
    needed = {path.resolve() for job in jobs if job.path in kept for path in _files_of(job)}
    for job in old:
        if not any(path.is_relative_to(job.path.resolve()) for path in needed):
            shutil.rmtree(job.path, ignore_errors=True)


def _is_old(job: JobDirectory) -> bool:
    if not job.job_type.is_temporary:
        return False
    status = job.status()
    ended = job.created if status.updated is None else status.updated
    return (
        time.time() - ended > _KEEP_ENDED_JOBS_SECONDS
        and status.state.has_ended
        and status.state is not JobState.PAUSED
    )


def _files_of(job: JobDirectory) -> tuple[Path, ...]:
    """List the files that an import reads, which may lie in the directory of an earlier attempt."""
    if job.kind is not JobKind.IMPORT:
        return ()
    # It imports pandas, which takes 0.4 s.
    from core.data.import_config import ImportRequest

    try:
        request = ImportRequest.from_json(job.config())
    # Of another version, which cannot be started here.
    except RecordError:
        return ()
    return tuple(path for path in (request.source, request.settings.table) if path is not None)
