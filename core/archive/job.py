"""Jobs that save a project as one file, and make a project from such a file."""

from __future__ import annotations

from pathlib import Path

from core.archive.reading import restore_archive
from core.archive.records import RestoreRequest, SaveRequest, SaveResult
from core.archive.saved import archive_file
from core.archive.writing import write_archive
from core.data.job import remove_source
from core.delivery.files import naming_the_path
from core.progress import Progress, Stage
from core.records import JsonObject
from core.workspace import project_of


def save_project(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: write a project to one file (``SaveRequest``); returns a ``SaveResult``."""
    progress.stage(Stage.SAVING)
    request = SaveRequest.from_json(config)
    path = request.output or archive_file(directory)
    with naming_the_path(path):
        manifest = write_archive(project_of(directory), request, path, progress)
    return SaveResult(
        path=path,
        size_bytes=path.stat().st_size,
        files=len(manifest.files),
        runs=manifest.runs,
        resumable=manifest.resumable,
        reproduces=manifest.reproduces,
        missing_pictures=manifest.missing_pictures,
    ).to_json()


def restore_project(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: make a project from an archive (``RestoreRequest``); returns a ``RestoreResult``.

    An uploaded file is removed afterwards. After a failure it stays, for another attempt.
    """
    progress.stage(Stage.RESTORING)
    request = RestoreRequest.from_json(config)
    result = restore_archive(request.source, request.name, progress)
    remove_source(request.source, directory)
    return result.to_json()
