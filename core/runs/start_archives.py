"""Start of the jobs that save a project as one file, and that make a project from such a file."""

from __future__ import annotations

from pathlib import Path

from core.archive.files import require_at_rest, runs_of
from core.archive.reading import open_archive
from core.archive.records import RestoreRequest, SaveRequest
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.runs.temporary_jobs import start_temporary
from core.workspace import Project, jobs_folder, require_free_name


def start_saving(project: Project, request: SaveRequest) -> JobDirectory:
    """Save a project as one file.

    Raises:
        BusyError: a job works on the project.
        NotFoundError: a run of the request does not exist.
    """
    require_at_rest(project)
    runs_of(project, request)
    return start_temporary(project.jobs, JobKind.SAVE_PROJECT, request.to_json())


def start_restoring(source: Path, name: str | None = None) -> JobDirectory:
    """Make a project from an archive.

    Args:
        name: of the project; None: as in the archive.
    Raises:
        NotFoundError, ArchiveError, SchemaVersionError: the file is no archive that can be read here.
        InvalidNameError, ProjectExistsError: the name cannot be used.
    """
    with open_archive(source) as archive:
        require_free_name(name or archive.manifest.project)
    request = RestoreRequest(source=source.resolve(), name=name)
    return start_temporary(jobs_folder(), JobKind.RESTORE_PROJECT, request.to_json())
