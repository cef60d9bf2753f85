"""Import job: the step that a worker runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.data.dataset import open_dataset
from core.data.formats.understanding import ConfirmationNeededError
from core.data.import_config import ImportRequest, ImportResult
from core.data.importing import add_pictures, import_dataset
from core.data.sources.samples import SAMPLES
from core.errors import ConfigError
from core.messages import N_
from core.progress import Progress, Stage
from core.records import JsonObject, write_record
from core.uploads.store import remove_upload_at
from core.workspace import get_project

# How a source is understood that the user must confirm; an ``Understanding``.
QUESTION_FILE = "question.json"


def import_pictures(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: import a source or a sample as a project, or add it to one.

    A source inside the job's directory (a small upload, the files of a sample) or among the
    uploads is removed after the import. After a failure it stays, so that the page can offer
    another attempt.

    Args:
        config: an ``ImportRequest``.
    Returns:
        an ``ImportResult``.
    Raises:
        ConfirmationNeededError: the source can be misunderstood; ``QUESTION_FILE`` says how.
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
        write_record(directory / QUESTION_FILE, error.understanding)
        raise
    if source.is_relative_to(directory):
        shutil.rmtree(source) if source.is_dir() else source.unlink()
    remove_upload_at(source)
    return ImportResult(
        project=report.project.name,
        classes=report.classes,
        skipped=report.skipped,
        version=open_dataset(report.project).version,
    ).to_json()


def _source_of(request: ImportRequest, directory: Path) -> Path:
    """Return the source of an import; the files of a sample are written into ``directory`` first."""
    if request.source is not None:
        return request.source
    name = request.sample or ""
    if name not in SAMPLES:
        raise ConfigError(N_("There is no sample called “{name}”."), name=name)
    SAMPLES[name].write(directory / name)
    return directory / name
