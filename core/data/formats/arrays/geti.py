"""Geti 3 and Datumaro's newer export: ``data.parquet`` with a row for each picture, and ``metadata.json``.

The metadata say which column holds the file, the labels and the part, and name the classes. The
pictures lie in ``images/``.

Source: datumaro 1.13, ``experimental/export_import.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.data.formats.annotations import Annotation, Labels, have_several, read_annotations
from core.data.formats.arrays.data_file import DataFile
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import class_named, json_files, laid_out_as
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.layout import split_named
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_TOOL = "Geti 3"
_TABLE = "data.parquet"
_PICTURES = ("ImagePathField", "MediaPathField")


def _has_shape(value: Any) -> bool:
    return "LabelField" in _fields(value).values()


def _fields(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Kind of each column, by its name."""
    attributes = metadata["schema"]["attributes"]
    return {str(name): str(attribute["field"]["type"]) for name, attribute in attributes.items()}


def _pairs(survey: Survey) -> list[tuple[Member, Member]]:
    """Metadata with the table beside them."""
    tables = {member.parts[:-1]: member for member in survey.named(_TABLE)}
    if not tables:
        return []
    return [
        (member, tables[member.parts[:-1]])
        for member in json_files(survey, _has_shape)
        if member.parts[:-1] in tables
    ]


def _recognise(survey: Survey) -> Evidence | None:
    pairs = _pairs(survey)
    if not pairs:
        return None
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(
            N_("{file} describes the columns of {table}"), {"file": pairs[0][0].name, "table": _TABLE}
        ),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    annotations: list[Annotation] = []
    boxes = 0
    files: list[Member] = []
    for metadata, table in _pairs(survey):
        files += [metadata, table]
        with laid_out_as(_TOOL, table.name):
            found, count = _annotations(survey.json(metadata), table)
            annotations += found
            boxes += count
    multi_label = config.multi_label or have_several(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files, boxes=boxes)


def _annotations(metadata: Mapping[str, Any], table: Member) -> tuple[list[Annotation], int]:
    """Annotations of a table, and the number of its boxes."""
    fields = _fields(metadata)
    picture = next(name for name, kind in fields.items() if kind in _PICTURES)
    label = next(name for name, kind in fields.items() if kind == "LabelField")
    part = next((name for name, kind in fields.items() if kind == "SubsetField"), "")
    names = metadata["schema"]["categories"][label]["labels"]
    of_boxes = bool(metadata["schema"]["attributes"][label]["field"].get("is_list"))
    rows = _rows(table, [name for name in (picture, label, part) if name])
    annotations = [
        Annotation(
            file=str(row[picture]),
            labels=_labels(row[label], names, of_boxes=of_boxes),
            split=split_named(str(row.get(part, ""))),
            label_file=table.name,
            entry=entry,
        )
        for entry, row in enumerate(rows, start=1)
    ]
    count = sum(len(row[label] or ()) for row in rows) if of_boxes else 0
    return annotations, count


def _rows(table: Member, columns: Sequence[str]) -> list[dict[str, Any]]:
    data_file = DataFile(table)
    if missing := [name for name in columns if name not in data_file.schema.names]:
        raise DataError(
            N_("{table} has no column “{column}”. Its columns are: {columns}."),
            table=table.name,
            column=missing[0],
            columns=", ".join(data_file.schema.names),
        )
    return [row for group in range(data_file.groups) for row in data_file.columns(group, columns).to_pylist()]


def _labels(value: Any, names: Sequence[Any], *, of_boxes: bool) -> Labels | None:
    """Names of one row's classes; null says that nobody has labelled it, and so do no boxes."""
    if isinstance(value, list):
        labels = tuple(dict.fromkeys(class_named(names, item) for item in value))
        return labels or (None if of_boxes else ())
    return None if value is None else (class_named(names, value),)


GETI = ImportFormat(
    name="geti",
    label=_TOOL,
    caption=N_("“data.parquet” and “metadata.json” beside the folder “images”."),
    recognise=_recognise,
    read=_read,
)
