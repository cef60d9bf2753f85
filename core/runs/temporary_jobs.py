"""Temporary jobs: start one, and remove those that ended a day ago."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

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


def remove_old_jobs(folder: Path) -> None:
    """Remove temporary jobs that ended a day ago, with their uploads; not those that are paused."""
    for job in list_jobs(folder):
        if (
            job.job_type.is_temporary
            and time.time() - job.created > _KEEP_ENDED_JOBS_SECONDS
            and job.status().state.has_ended
            and job.status().state is not JobState.PAUSED
        ):
            shutil.rmtree(job.path, ignore_errors=True)
