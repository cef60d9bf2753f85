"""Dataset export: a zip with a folder for each class, and a table of labels and findings."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from core.data.dataset import Dataset
from core.data.images.metadata import strip_metadata
from core.data.labels.label_table import safe_cell
from core.data.labels.task import Task
from core.files import whole_file
from core.progress import Progress, raise_if_stopped
from core.workspace import Project

# Characters. Every system can unpack such a name, below any folder.
_MAX_STEM_LENGTH = 80
_ALLOWED_SIGNS = " ._-()"
# For multi-label datasets.
_ONE_FOLDER = "pictures"
# Subfolders of a dataset's folder: today's, and that of Darkroom up to 03be4e7.
_EXPORTS, _OLD_EXPORTS = "exports", "handover"
TABLE_COLUMNS = ("file", "label", "split", "id", "original_name", "width", "height", "findings")


def exported_dataset_path(project: Project, version: int) -> Path:
    """Path of the zip of a dataset version. The file exists after its export."""
    return project.dataset / _EXPORTS / f"{version:04d}.zip"


def remove_exports(project: Project) -> None:
    """Remove the zips of all versions."""
    for folder in (_EXPORTS, _OLD_EXPORTS):
        shutil.rmtree(project.dataset / folder, ignore_errors=True)


def write_cleaned_dataset(
    dataset: Dataset,
    path: Path,
    progress: Progress,
    findings: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Write the training, validation and test pictures as ``class/picture.jpg`` with ``pictures.csv``.

    Pictures of a multi-label dataset share one folder; the table has their labels. Location,
    camera and thumbnails in the files are left out; the pixels are unchanged. Folders have the
    names of their classes, without signs that some systems refuse; the table has the exact names.

    Args:
        findings: kinds of the doctor's findings, by picture id.
    Returns:
        The number of pictures.
    Raises:
        JobStopped: the user asked to stop; nothing half-written remains.
    """
    files = _file_names(dataset.pictures, dataset.task)
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for row, file in enumerate(files):
            raise_if_stopped(progress)
            kind = dataset.pictures["format"].iloc[row]
            data = strip_metadata(dataset.picture_bytes(row), kind, dataset.pixel_range)
            archive.writestr(file, data)
            progress.advance(row + 1, len(files))
        archive.writestr("pictures.csv", _table(dataset.pictures, files, findings or {}))
    return len(files)


def _file_names(pictures: pd.DataFrame, task: Task) -> list[str]:
    """Choose a path for each picture that every system can unpack, unique regardless of case."""
    labels = pictures["label"] if task is Task.MULTI_CLASS else [_ONE_FOLDER] * len(pictures)
    folders = _made_unique([_safe_name(label) for label in dict.fromkeys(labels)])
    folder_of = dict(zip(dict.fromkeys(labels), folders, strict=True))
    wanted = [
        f"{folder_of[label]}/{_safe_name(PurePosixPath(name).stem)}"
        for label, name in zip(labels, pictures["name"], strict=True)
    ]
    return [
        f"{stem}.{extension}"
        for stem, extension in zip(_made_unique(wanted), pictures["extension"], strict=True)
    ]


def _safe_name(name: str) -> str:
    safe = "".join(c if c.isalnum() or c in _ALLOWED_SIGNS else "_" for c in name).strip(" .")
    return safe[:_MAX_STEM_LENGTH].strip(" .") or "_"


def _made_unique(names: Sequence[str]) -> list[str]:
    """Append a number to names that occur again."""
    taken: Counter[str] = Counter()
    result = []
    for name in names:
        candidate = name
        while candidate.casefold() in taken:
            taken[name.casefold()] += 1
            candidate = f"{name} ({taken[name.casefold()]})"
        taken[candidate.casefold()] += 1
        result.append(candidate)
    return result


def _table(pictures: pd.DataFrame, files: Sequence[str], findings: Mapping[str, Sequence[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(TABLE_COLUMNS)
    columns = (pictures[column] for column in ("label", "split", "id", "name", "width", "height"))
    for file, label, split, identifier, *others in zip(files, *columns, strict=True):
        cells = (file, label, split, identifier, *others, "; ".join(findings.get(identifier, ())))
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    return stream.getvalue()
