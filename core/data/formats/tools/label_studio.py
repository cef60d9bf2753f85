"""Label Studio: JSON, JSON-MIN, CSV and TSV exports of projects with choices, boxes or outlines.

An annotation of one annotator is one vote; the majority of annotators decides, and
disagreements are counted. Cancelled annotations and predictions do not count. Coordinates are
percent of the upright picture; a box turns around its left top corner. Of several annotators, the
boxes of the first count.

Source: label-studio-sdk's converter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.data.formats.annotations import Annotation, Labels, are_multi_label, majority, read_annotations
from core.data.formats.doubts import Doubt, DoubtKind, listed
from core.data.formats.import_format import Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import evidence_in, fitting, json_files, laid_out_as
from core.data.formats.survey import Survey, parse_json
from core.data.formats.tools.label_studio_regions import (
    boxes_of_row,
    is_region_list,
    labels_of_regions,
    regions_of_result,
    with_boxes_of_first,
)
from core.data.import_config import ImportConfig
from core.data.labels.label_table import TableColumns
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_

_TOOL = "Label Studio"
# Columns of the CSV, TSV and JSON-MIN exports that describe the annotation, not the picture.
_ADMIN_COLUMNS = frozenset(
    {"annotation_id", "annotator", "created_at", "updated_at", "lead_time", "id", "agreement"}
)
_MARKERS = frozenset({"annotation_id", "annotator", "lead_time"})

_Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Roles:
    """Columns of the pictures and of the labels."""

    picture: str
    label: str
    # Other columns that may hold the labels, where the choice is a guess.
    rivals: tuple[str, ...] = ()


def _is_full(value: Any) -> bool:
    """JSON: tasks with their annotations."""
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0].get("data"), dict)
        and isinstance(value[0].get("annotations", value[0].get("completions")), list)
    )


def _is_minimal(value: Any) -> bool:
    """JSON-MIN: flat objects."""
    return isinstance(value, list) and bool(value) and value[0].keys() >= _MARKERS


def _table_files(survey: Survey) -> list[Member]:
    def fits(member: Member) -> bool:
        try:
            return set(survey.label_table(member).columns) >= _MARKERS
        except DataError:
            return False

    return fitting(survey.ending(".csv", ".tsv"), fits)


def _recognise(survey: Survey) -> Evidence | None:
    files = [
        *json_files(survey, lambda value: _is_full(value) or _is_minimal(value)),
        *_table_files(survey),
    ]
    return evidence_in(files, N_("{file} has annotations and annotators"))


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    full = json_files(survey, _is_full)
    minimal = json_files(survey, _is_minimal)
    tables = _table_files(survey)
    annotations: list[Annotation] = []
    roles: list[_Roles] = []
    # The same labels exported twice would count twice: the richest export is read.
    files = full or minimal or tables
    for member in files:
        with laid_out_as(_TOOL, member.name):
            rows = (
                list(_rows_of_tasks(survey.json(member)))
                if full
                else survey.json(member)
                if minimal
                else _rows_of_table(survey, member)
            )
            roles.append(_roles(rows, member, survey, config.columns))
            annotations += _annotations(rows, roles[-1], member)
    annotations, further = with_boxes_of_first(annotations)
    multi_label = config.multi_label or are_multi_label(annotations)
    notes = [Note(kind=NoteKind.OTHER_ANNOTATORS, values={"count": further})] if further else []
    reading = read_annotations(
        annotations, survey, multi_label=multi_label, label_files=files, join=majority, notes=notes
    )
    guessed = next((role for role in roles if role.rivals), None)
    return _with_doubt(reading, guessed) if guessed else reading


def _with_doubt(reading: FormatReading, roles: _Roles) -> FormatReading:
    """Ask about a label column that was guessed, and offer the others."""
    values: dict[str, str] = {"column": roles.label, "others": listed(roles.rivals)}
    return replace(
        reading,
        doubts=[Doubt(kind=DoubtKind.LABEL_COLUMN_GUESSED, values={**values})],
        columns=TableColumns(file=roles.picture, label=roles.label),
        column_names=(roles.picture, roles.label, *roles.rivals),
    )


def _rows_of_tasks(tasks: Sequence[_Row]) -> Iterator[_Row]:
    """One flat row for each annotation of a task, and one without choices for a task that has none."""
    questions = {
        str(item.get("from_name"))
        for task in tasks
        for annotation in task.get("annotations", task.get("completions", ()))
        for item in annotation["result"]
    }
    for task in tasks:
        # What was imported with a task under the name of a question is no answer of an annotator.
        data = {name: value for name, value in task["data"].items() if name not in questions}
        results = [
            annotation["result"]
            for annotation in task.get("annotations", task.get("completions", ()))
            if not annotation.get("was_cancelled")
        ]
        for result in results or [[]]:
            choices = {
                str(item.get("from_name", "choice")): {"choices": item["value"]["choices"]}
                for item in result
                if item.get("type") == "choices"
            }
            annotator = {"annotator": "" if results else None}
            yield {**data, **regions_of_result(result), **choices, **annotator}


def _rows_of_table(survey: Survey, member: Member) -> list[_Row]:
    table = survey.label_table(member)
    return [
        {
            column: parse_json(cell, member.name, line=number) if cell.startswith(("{", "[")) else cell
            for column, cell in zip(table.columns, row, strict=True)
        }
        for number, row in zip(table.row_numbers, table.rows, strict=True)
    ]


def _roles(rows: Sequence[_Row], member: Member, survey: Survey, chosen: TableColumns | None) -> _Roles:
    """
    Raises:
        DataError: there is no column of the chosen name, or several columns hold choices.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row if name not in _ADMIN_COLUMNS))
    for name in (chosen.file, chosen.label) if chosen else ():
        if name and name not in columns:
            raise DataError(
                N_("{table} has no column “{column}”. Its columns are: {columns}."),
                table=member.name,
                column=name,
                columns=", ".join(columns),
            )
    picture = (chosen.file if chosen else "") or max(
        columns, key=lambda name: survey.index.count([_text(row.get(name)) for row in rows]), default=""
    )
    if chosen and chosen.label:
        return _Roles(picture=picture, label=chosen.label)
    label, rivals = _label_column(rows, [name for name in columns if name != picture])
    return _Roles(picture=picture, label=label, rivals=rivals)


def _annotations(rows: Sequence[_Row], roles: _Roles, member: Member) -> list[Annotation]:
    return [
        Annotation(
            file=_text(row.get(roles.picture)),
            labels=_labels(row.get(roles.label)),
            boxes=boxes_of_row(row),
            label_file=member.name,
            entry=entry,
        )
        for entry, row in enumerate(rows, start=1)
    ]


def _label_column(rows: Sequence[_Row], columns: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The column with choices, otherwise the one called “choice”, that of the boxes, or a guess.

    Returns:
        its name, and the names of the others where it is a guess.

    Raises:
        DataError: several columns hold choices, or none can.
    """
    with_choices = [
        name
        for name in columns
        if any(isinstance(row.get(name), dict) and "choices" in row[name] for row in rows)
    ]
    if len(with_choices) == 1:
        return with_choices[0], ()
    candidates = [name for name in with_choices or columns if "choice" in name.lower()] or with_choices
    if len(candidates) == 1:
        return candidates[0], ()
    with_regions = [name for name in columns if any(is_region_list(row.get(name)) for row in rows)]
    if with_regions and not candidates:
        return with_regions[0], ()
    if not columns:  # nobody has labelled anything
        return "", ()
    if not candidates:
        *others, last = sorted(columns, key=lambda name: _likeness(rows, name))
        return last, tuple(others)
    raise DataError(
        N_("The labels have several questions: {names}. Export the project with one of them."),
        names=", ".join(candidates),
    )


def _likeness(rows: Sequence[_Row], column: str) -> tuple[bool, int]:
    """Likeness of a column to one of labels: few values, but more than one."""
    values = len({_text(row.get(column)) for row in rows})
    return values > 1, -values


def _labels(value: Any) -> Labels | None:
    if isinstance(value, dict):
        value = value.get("choices")
    if is_region_list(value):
        return labels_of_regions(value) or None
    if isinstance(value, list):
        return tuple(str(item) for item in value) or None
    return (str(value),) if value not in (None, "") else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


LABEL_STUDIO = ImportFormat(
    name="label_studio",
    label=_TOOL,
    caption=N_("JSON, JSON-MIN, CSV or TSV beside the pictures."),
    recognise=_recognise,
    read=_read,
    has_columns=True,
)
