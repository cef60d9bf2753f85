"""Batches of pictures: starting and deleting them. ``core.runs.control`` pauses, resumes and stops any job."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from core.delivery.export import require_offered
from core.delivery.formats.litert.tflite_format import TFLITE
from core.errors import BusyError, ConfigError, NotFoundError
from core.jobs.directory import JobDirectory
from core.jobs.disk import disk_full_error, is_disk_full
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch, launching
from core.messages import N_
from core.prediction.batch.batches import Batch
from core.prediction.batch.open_files import OPEN_FILES
from core.prediction.batch.records import BatchRequest, sources_folder
from core.runs.compare import folder_bytes
from core.runs.control import is_worked_on
from core.runs.start_imports import UploadedFile, store_upload
from core.uploads.store import remove_upload_at, uploads_folder
from core.workspace import close_staging, new_job_name, open_staging, project_of


def start_batch(
    run: Path, sources: Sequence[Path] = (), *, uploads: Sequence[UploadedFile] = ()
) -> JobDirectory:
    """Classify many pictures with a finished run.

    Args:
        sources: folders, archives and picture files. Those of the upload store move into the batch,
            which keeps them until it is deleted; others stay where they are.
        uploads: pictures or archives in memory, which the batch keeps as well.
    Raises:
        NotFoundError: the run has no finished classifier, or a source does not exist.
        DeliveryError: its LiteRT file is withheld.
        ConfigError: there are no sources.
        DiskFullError: the disk has no room for the uploads.
    """
    require_offered(run, TFLITE)
    if not sources and not uploads:
        raise ConfigError(N_("No pictures were chosen. Choose a folder, an archive or some pictures."))
    for source in sources:
        if not source.exists():
            raise NotFoundError(N_("There is no file or folder “{path}”. Check the name."), path=str(source))
    project = project_of(run)
    path = project.predictions / new_job_name("batch")
    try:
        kept = _stored(path, uploads)
        used = [
            _moved(source, path, number) if _is_upload(source) else source.resolve()
            for number, source in enumerate(sources, start=1)
        ]
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        if is_disk_full(error, project.path):
            raise disk_full_error(project.path) from error
        raise
    request = BatchRequest(run=run.name, sources=(*used, *kept))
    job = JobDirectory.create(path, JobKind.PREDICT_BATCH, request.to_json())
    launch(job)
    return job


def delete_batch(batch: Batch) -> int:
    """Delete a batch with its answers and uploads. It cannot be undone.

    Returns:
        The bytes freed.
    Raises:
        BusyError: a worker is running on it.
    """
    with launching():
        if is_worked_on(batch.job):
            raise BusyError(
                N_("“{name}” is at work. Stop it, and delete it once it has ended."), name=batch.job.name
            )
        size = folder_bytes(batch.path)
        OPEN_FILES.close(batch.path)
        # The remains of a crash are removed with the staging folder.
        staging = open_staging()
        batch.path.rename(staging / batch.path.name)
    close_staging(staging)
    return size


def _stored(path: Path, uploads: Sequence[UploadedFile]) -> list[Path]:
    """Write uploads into a batch's directory; returns their file or folder, relative to it."""
    if not uploads:
        return []
    return [store_upload(sources_folder(path) / "pictures", uploads).relative_to(path)]


def _is_upload(source: Path) -> bool:
    return source.resolve().is_relative_to(uploads_folder().resolve())


def _moved(source: Path, path: Path, number: int) -> Path:
    """Move an upload into a batch's directory; returns its path, relative to it.

    Each has a numbered folder of its own, because two uploads may have the same name.
    """
    target = sources_folder(path) / str(number) / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    remove_upload_at(source)
    return target.relative_to(path)
