"""Dataset export: the cleaned pictures as a zip, in one of the formats of ``exports/table.py``."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.data.dataset import Dataset
from core.data.exports.content import ExportContent
from core.data.exports.range_file import RANGE_FILE, range_text
from core.data.exports.table import DATASET_FORMATS
from core.files import whole_file
from core.progress import Progress
from core.workspace import Project

DEFAULT_FORMAT = "folders"
# Subfolders of a dataset's folder: today's, and that of Darkroom up to 03be4e7.
_EXPORTS, _OLD_EXPORTS = "exports", "handover"


def exported_dataset_path(project: Project, version: int, format: str = DEFAULT_FORMAT) -> Path:
    """Path of the zip of a dataset version. The file exists after its export."""
    suffix = "" if format == DEFAULT_FORMAT else f"-{format}"
    return project.dataset / _EXPORTS / f"{version:04d}{suffix}.zip"


def remove_exports(project: Project, keep_version: int | None = None) -> None:
    """Remove the zips of all versions, except those of ``keep_version``."""
    shutil.rmtree(project.dataset / _OLD_EXPORTS, ignore_errors=True)
    if keep_version is None:
        shutil.rmtree(project.dataset / _EXPORTS, ignore_errors=True)
        return
    for path in (project.dataset / _EXPORTS).glob("*.zip"):
        if not path.name.startswith(f"{keep_version:04d}"):
            path.unlink(missing_ok=True)


def write_cleaned_dataset(
    dataset: Dataset,
    path: Path,
    progress: Progress,
    findings: Mapping[str, Sequence[str]] | None = None,
    format: str = DEFAULT_FORMAT,
) -> int:
    """Write the training, validation and test pictures with their labels.

    Location, camera and thumbnails in the files are left out; the pixels are unchanged, and the
    range of those with more than 8 bits stands beside them. Names
    of files and folders have no signs that some systems refuse; the labels have the exact names.

    Args:
        findings: kinds of the doctor's findings, by picture id.
        format: a name in ``exports.table.DATASET_FORMATS``.
    Returns:
        The number of pictures.
    Raises:
        JobStopped: the user asked to stop; nothing half-written remains.
    """
    content = ExportContent(dataset, progress, findings or {})
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        DATASET_FORMATS[format].write(content, archive)
        if dataset.pixel_range is not None:
            archive.writestr(RANGE_FILE, range_text(dataset.pixel_range))
    return len(content)
