"""Geti 3 and Datumaro's newer export: ``data.parquet`` with a row for each picture, and ``metadata.json``.

The metadata say which column holds the file, the labels and the part, and name the classes. The
pictures lie in ``images/``. Boxes are a list beside that of their labels; a box is two corners, in
pixels or as fractions.

Source: datumaro 1.13, ``experimental/export_import.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, Labels, are_multi_label, read_annotations
from core.data.formats.arrays.data_file import DataFile
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import class_named, json_files, laid_out_as
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, box_between
from core.data.labels.layout import split_named
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_, Message

_TOOL = "Geti 3"
_TABLE = "data.parquet"
_CORNERS = "x1y1x2y2"
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
    files: list[Member] = []
    for metadata, table in _pairs(survey):
        files += [metadata, table]
        with laid_out_as(_TOOL, table.name):
            annotations += _annotations(survey.json(metadata), table)
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=files)


def _annotations(metadata: Mapping[str, Any], table: Member) -> list[Annotation]:
    fields = _fields(metadata)
    picture = next(name for name, kind in fields.items() if kind in _PICTURES)
    label = next(name for name, kind in fields.items() if kind == "LabelField")
    part = next((name for name, kind in fields.items() if kind == "SubsetField"), "")
    names = metadata["schema"]["categories"][label]["labels"]
    of_boxes = bool(metadata["schema"]["attributes"][label]["field"].get("is_list"))
    box = next((name for name, kind in fields.items() if kind == "BBoxField"), "") if of_boxes else ""
    notation = metadata["schema"]["attributes"][box]["field"] if box else {}
    rows = _rows(table, [name for name in (picture, label, part, box) if name])
    return [
        Annotation(
            file=str(row[picture]),
            labels=_labels(row[label], names, of_boxes=of_boxes),
            split=split_named(str(row.get(part, ""))),
            label_file=table.name,
            entry=entry,
            boxes=_boxes(row[label] or [], row.get(box) or [], names, notation) if of_boxes else (),
        )
        for entry, row in enumerate(rows, start=1)
    ]


def _boxes(
    labels: Sequence[Any], corners: Sequence[Any], names: Sequence[Any], notation: Mapping[str, Any]
) -> list[Box]:
    """Boxes of one row; without an area where they are outlines, or in a notation that is not known."""
    is_known = notation.get("format", _CORNERS) == _CORNERS and len(corners) == len(labels)
    return [
        replace(
            box_between(class_named(names, number), *(edges if is_known else [None] * 4)),
            is_relative=bool(notation.get("normalize")),
        )
        for number, edges in zip(labels, corners if is_known else labels, strict=True)
    ]


def _rows(table: Member, columns: Sequence[str]) -> list[dict[str, Any]]:
    data_file = DataFile(table)
    if missing := [name for name in columns if name not in data_file.schema.names]:
        raise DataError(
            N_("{table} has no column “{column}”. Its columns are: {columns}."),
            table=table.name,
            column=missing[0],
            columns=", ".join(data_file.schema.names),
        )
    return [
        dict(zip(columns, row, strict=True))
        for group in range(data_file.groups)
        for row in zip(*(data_file.values(group, name) for name in columns), strict=True)
    ]


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
