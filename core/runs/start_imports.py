"""Start of imports: a source on this computer, a sample, or uploaded files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from core.data.import_config import ImportConfig, ImportRequest
from core.files import COPY_CHUNK_BYTES
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch
from core.runs.temporary_jobs import remove_old_jobs
from core.uploads.names import StoredPaths, safe_upload_name
from core.workspace import get_project, jobs_folder, new_job_name, require_free_name

# Name and ``read(size)`` of a file.
UploadedFile: TypeAlias = tuple[str, Callable[[int], bytes]]


def start_import(
    name: str,
    *,
    source: Path | None = None,
    sample: str | None = None,
    upload: UploadedFile | None = None,
    beside: Sequence[UploadedFile] = (),
    table: tuple[str, bytes] | None = None,
    config: ImportConfig | None = None,
    add: bool = False,
    answered: Path | None = None,
) -> JobDirectory:
    """Import a zip or folder, a sample, or an upload (its file name and a ``read(size)``) as project ``name``.

    Args:
        beside: files that belong to the upload, such as its labels; together they are a folder.
        table: file name and bytes of a label table.
        add: the pictures join an existing project.
        answered: directory of the earlier attempt whose question this import answers.
    Raises:
        InvalidNameError, ProjectExistsError, NotFoundError: the name cannot be used.
    """
    clean = get_project(name).name if add else require_free_name(name)
    path = jobs_folder() / new_job_name("import")
    settings = config or ImportConfig()
    # Before the job exists, because copying can take longer than the launch timeout.
    if upload:
        source = store_upload(path / "upload", [upload, *beside])
    if table:
        file = path / "table" / safe_upload_name(table[0])
        file.parent.mkdir(parents=True)
        file.write_bytes(table[1])
        settings = replace(settings, table=file)
    request = ImportRequest(
        project=clean, source=source.resolve() if source else None, sample=sample, add=add, settings=settings
    )
    job = JobDirectory.create(path, JobKind.IMPORT, request.to_json())
    # Once this job names the files of an earlier one, they stay.
    remove_old_jobs(jobs_folder(), spared=answered)
    launch(job)
    return job


def store_upload(folder: Path, files: Sequence[UploadedFile]) -> Path:
    """Write uploaded files into a folder of their own, because one can be called config.json.

    Returns:
        the file, or the folder of several.
    """
    folder.mkdir(parents=True)
    names = StoredPaths()
    for index, (name, read) in enumerate(files):
        path = folder / names.path_for(safe_upload_name(name))
        if path.exists():
            path = folder / names.path_for(f"{index}-{safe_upload_name(name)}")
        with path.open("wb") as stream:
            while chunk := read(COPY_CHUNK_BYTES):
                stream.write(chunk)
    return path if len(files) == 1 else folder
