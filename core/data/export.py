"""The cleaned dataset as others can use it: a zip by class, with its labels and findings as a table."""

from __future__ import annotations

import csv
import io
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

_LONGEST_STEM = 80  # characters: unpacked on any system, below any folder
_KEPT_IN_NAMES = " ._-()"
_ONE_FOLDER = "pictures"
TABLE_COLUMNS = ("file", "label", "split", "id", "original_name", "width", "height", "findings")


def write_cleaned_dataset(
    dataset: Dataset,
    path: Path,
    progress: Progress,
    findings: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Write the pictures that are learnt from as ``class/picture.jpg`` with ``pictures.csv``.

    Where a picture has several labels no folder can say them: all lie in one, and the table tells.

    Location, camera and thumbnails that cameras write into files are left out; the pixels are those
    that came. The folders' names are the classes; the table has the exact ones.

    Args:
        findings: the doctor's kinds of findings by picture id.
    Returns:
        the number of pictures.
    Raises:
        JobStopped: the user asked to stop; nothing half-written remains.
    """
    files = _file_names(dataset.pictures, dataset.task)
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for row, file in enumerate(files):
            raise_if_stopped(progress)
            data = strip_metadata(dataset.picture_bytes(row), dataset.pictures["format"].iloc[row])
            archive.writestr(file, data)
            progress.advance(row + 1, len(files))
        archive.writestr("pictures.csv", _table(dataset.pictures, files, findings or {}))
    return len(files)


def _file_names(pictures: pd.DataFrame, task: Task) -> list[str]:
    """A path for each picture that every system can unpack: told apart whatever the capitals."""
    labels = pictures["label"] if task is Task.MULTI_CLASS else [_ONE_FOLDER] * len(pictures)
    folders = _told_apart([_safe_name(label) for label in dict.fromkeys(labels)])
    folder_of = dict(zip(dict.fromkeys(labels), folders, strict=True))
    wanted = [
        f"{folder_of[label]}/{_safe_name(PurePosixPath(name).stem)}"
        for label, name in zip(labels, pictures["name"], strict=True)
    ]
    return [
        f"{stem}.{extension}"
        for stem, extension in zip(_told_apart(wanted), pictures["extension"], strict=True)
    ]


def _safe_name(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in _KEPT_IN_NAMES else "_" for c in name).strip(" .")
    return kept[:_LONGEST_STEM].strip(" .") or "_"


def _told_apart(names: Sequence[str]) -> list[str]:
    """The names, with a number where one was there before."""
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
