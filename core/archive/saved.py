"""Saved archives: each lies in the directory of its job, which is removed a day after its end."""

from __future__ import annotations

from pathlib import Path

from core.errors import NotFoundError
from core.jobs.directory import list_jobs
from core.jobs.kinds import JobKind
from core.messages import N_
from core.workspace import Project, project_of


def archive_file(job: Path) -> Path:
    """Path of the archive in the directory of its job; the file exists after the job."""
    return job / f"{project_of(job).name}.darkroom.zip"


def find_archive(project: Project, job: str) -> Path:
    """Find the archive of a job by the job's name.

    Raises:
        NotFoundError: there is no such job, or it has no file.
    """
    for saving in list_jobs(project.jobs):
        file = archive_file(saving.path)
        if saving.name == job and saving.kind is JobKind.SAVE_PROJECT and file.is_file():
            return file
    raise NotFoundError(
        N_("Project “{project}” has no saved file “{name}”: files are removed after a day. Save it again."),
        project=project.name,
        name=job[:80],
    )
