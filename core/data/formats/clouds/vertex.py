"""Google Vertex AI and AutoML: JSON lines or a CSV without header, ``[ML_USE,]path[,label…]``.

``UNASSIGNED`` means no part of the split. Further columns are further labels, or the corners of a
box, two or four, as fractions of the picture. Boxes label pictures without labels of their own.

Source: Vertex AI, "Prepare image training data for classification" and "… for object detection".
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from core.data.formats.annotations import Annotation, Labels, are_multi_label, read_annotations
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, fitting, laid_out_as, line_files
from core.data.formats.survey import Survey, is_picture_name
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box, BoxShape, box_around, box_between
from core.data.labels.layout import Split, split_named
from core.data.labels.tables import LabelTable
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_
from core.records import JsonObject

_TOOL = "Vertex AI"
_UNASSIGNED = "unassigned"
_COLUMN_LETTERS = re.compile(r"^[A-Z]{1,2}$")  # names of the columns of a table without header
_FRACTION = re.compile(r"^(?:0?\.\d+(?:e-\d+)?|[01](?:\.0*)?)$", re.IGNORECASE)
_EDGES = ("xMin", "yMin", "xMax", "yMax")
_LEAST_CORNERS = 4  # numbers, of two corners
_USE = "aiplatform.googleapis.com/ml_use"


def _line_files(survey: Survey) -> list[Member]:
    def has_shape(value: Any) -> bool:
        return isinstance(value, dict) and ("imageGcsUri" in value or "imagePayload" in value)

    return line_files(survey, has_shape, ".jsonl", ".json", ".ndjson")


def _table_files(survey: Survey) -> list[Member]:
    def fits(member: Member) -> bool:
        try:
            return _begins_with_use(survey.label_table(member))
        except DataError:
            return False

    return fitting(survey.ending(".csv"), fits)


def _begins_with_use(table: LabelTable) -> bool:
    """True for a table without header whose first column is ML_USE and whose second names pictures."""
    if not all(_COLUMN_LETTERS.match(name) for name in table.columns):
        return False
    return all((not row[0] or _is_use(row[0])) and is_picture_name(row[1]) for row in table.rows) and any(
        row[0] for row in table.rows
    )


def _is_use(cell: str) -> bool:
    return cell.casefold() == _UNASSIGNED or split_named(cell) is not None


def _recognise(survey: Survey) -> Evidence | None:
    files = _line_files(survey) or _table_files(survey)
    return evidence_in(files, N_("{file} is a list of Vertex AI"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    lines = _line_files(survey)
    tables = [] if lines else _table_files(survey)
    annotations: list[Annotation] = []
    for member in lines:
        with laid_out_as(_TOOL, member.name):
            for entry, line in enumerate(survey.json_lines(member), start=1):
                annotations.append(_annotation_of_line(line, member, entry))
    for member in tables:
        table = survey.label_table(member)
        for number, row in zip(table.row_numbers, table.rows, strict=True):
            annotations.append(_annotation_of_row(row, member, number))
    multi_label = config.multi_label or are_multi_label(annotations)
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=[*lines, *tables])


def _annotation_of_line(line: JsonObject, member: Member, entry: int) -> Annotation:
    boxes = [_box_of_item(item) for item in line.get("boundingBoxAnnotations") or ()]
    if "imagePayload" in line:  # the older Data Labeling service
        file = line["imagePayload"]["imageUri"]
        names = [
            item["annotationValue"]["imageClassificationAnnotation"]["annotationSpec"]["displayName"]
            for item in line.get("annotations") or ()
        ]
    else:
        file = line["imageGcsUri"]
        single = line.get("classificationAnnotation")
        items = [single] if single else line.get("classificationAnnotations") or ()
        names = [item["displayName"] for item in items]
    return Annotation(
        file=str(file),
        labels=tuple(map(str, names)) or tuple(dict.fromkeys(box.label for box in boxes)) or None,
        boxes=boxes,
        split=_split(str((line.get("dataItemResourceLabels") or {}).get(_USE, ""))),
        label_file=member.name,
        entry=entry,
    )


def _annotation_of_row(row: tuple[str, ...], member: Member, number: int) -> Annotation:
    cells = row[2:3] if _is_box(row) else row[2:]
    labels: Labels = tuple(dict.fromkeys(cell for cell in cells if cell))
    return Annotation(
        file=row[1],
        labels=labels or None,
        boxes=[_box_of_row(row)] if _is_box(row) else (),
        split=_split(row[0]),
        label_file=member.name,
        entry=number,
    )


def _box_of_item(item: JsonObject) -> Box:
    # Google leaves out what is 0.
    box = box_between(str(item["displayName"]), *(item.get(name, 0) for name in _EDGES))
    return replace(box, is_relative=True)


def _box_of_row(row: tuple[str, ...]) -> Box:
    """The box around corners; those that follow from others may be blank."""
    corners = [pair for pair in zip(row[3::2], row[4::2], strict=False) if all(pair)]
    return replace(box_around(row[2], corners, BoxShape.BOX), is_relative=True)


def _is_box(row: tuple[str, ...]) -> bool:
    """True for a label that the corners of a box follow: fractions of the width and height."""
    corners = [cell for cell in row[3:] if cell]
    return len(corners) >= _LEAST_CORNERS and all(_FRACTION.match(cell) for cell in corners)


def _split(use: str) -> Split | None:
    return None if use.casefold() == _UNASSIGNED else split_named(use)


VERTEX = ImportFormat(
    name="vertex",
    label="Vertex AI, AutoML",
    caption=N_("A CSV or JSON lines with addresses of pictures."),
    recognise=_recognise,
    read=_read,
)
