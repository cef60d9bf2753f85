"""Import job: the step that a worker runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.data.dataset import open_dataset
from core.data.formats.understanding import ConfirmationNeededError
from core.data.import_config import ImportRequest
from core.data.import_result import ImportResult
from core.data.importing import add_pictures, import_dataset
from core.data.question import write_question
from core.data.sources.samples import SAMPLES
from core.errors import ConfigError
from core.messages import N_
from core.progress import Progress, Stage
from core.records import JsonObject
from core.uploads.store import remove_upload_at
from core.workspace import get_project, jobs_folder


def import_pictures(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: import a source or a sample as a project, or add it to one.

    A source that Darkroom stored itself is removed after the import. After a failure it stays,
    so that the page can offer another attempt.

    Args:
        config: an ``ImportRequest``.
    Returns:
        an ``ImportResult``.
    Raises:
        ConfirmationNeededError: the source can be misunderstood; the job's question says how.
    """
    progress.stage(Stage.READING)
    request = ImportRequest.from_json(config)
    source = _source_of(request, directory)
    try:
        if request.add:
            report = add_pictures(get_project(request.project), source, request.settings, progress)
        else:
            report = import_dataset(source, request.project, request.settings, progress)
    except ConfirmationNeededError as error:
        write_question(directory, error)
        raise
    remove_source(source, directory)
    return ImportResult(
        project=report.project.name,
        classes=report.classes,
        skipped=report.skipped,
        version=open_dataset(report.project).version,
        understanding=report.understanding,
    ).to_json()


def remove_source(source: Path, directory: Path) -> None:
    """Remove a source in an import job's directory or among the uploads; others are the user's own.

    Args:
        directory: of the job. The source may also be in that of an earlier attempt.
    """
    jobs = jobs_folder().resolve()
    is_of_a_job = source.is_relative_to(jobs) and len(source.relative_to(jobs).parts) > 1
    if is_of_a_job or source.is_relative_to(directory):
        shutil.rmtree(source) if source.is_dir() else source.unlink(missing_ok=True)
    remove_upload_at(source)


def _source_of(request: ImportRequest, directory: Path) -> Path:
    """Return the source of an import; the files of a sample are written into ``directory`` first."""
    if request.source is not None:
        return request.source
    name = request.sample or ""
    if name not in SAMPLES:
        raise ConfigError(N_("There is no sample called “{name}”."), name=name)
    SAMPLES[name].write(directory / name)
    return directory / name
