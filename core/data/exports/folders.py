"""Class folders with ``pictures.csv``, which has the exact names, labels, parts and findings."""

from __future__ import annotations

import csv
import io
import zipfile

from core.data.exports.content import ExportContent
from core.data.exports.export_format import DatasetExportFormat
from core.data.labels.label_table import safe_cell
from core.messages import N_

TABLE_COLUMNS = ("file", "label", "split", "id", "original_name", "width", "height", "findings")


def _write(content: ExportContent, archive: zipfile.ZipFile) -> None:
    for picture in content.pictures():
        archive.writestr(picture.path, picture.data)
    archive.writestr("pictures.csv", _table(content))


def _table(content: ExportContent) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(TABLE_COLUMNS)
    pictures = content.dataset.pictures
    columns = (pictures[column] for column in ("label", "split", "id", "name", "width", "height"))
    for file, label, split, identifier, *others in zip(content.paths, *columns, strict=True):
        findings = "; ".join(content.findings.get(identifier, ()))
        cells = (file, label, split, identifier, *others, findings)
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    return stream.getvalue()


FOLDERS = DatasetExportFormat(
    name="folders",
    label=N_("Class folders and a table"),
    caption=N_("For any program, and for people: a folder for each class, and “pictures.csv”."),
    write=_write,
)
