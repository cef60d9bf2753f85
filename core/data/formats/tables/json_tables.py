"""Tables in JSON: an object on each line, a list of flat objects, or labels by file name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.data.formats.survey import Survey
from core.data.labels.tables import LabelTable
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_

LINE_SUFFIXES = (".jsonl", ".ndjson")
JSON_SUFFIXES = (*LINE_SUFFIXES, ".json")
_MOST_COLUMNS = 2000


def read_json_table(survey: Survey, member: Member) -> LabelTable:
    """Read a JSON file as a table.

    Raises:
        DataError: it is no table, or no JSON.
    """
    name = member.parts[-1].lower()
    value = survey.json_lines(member) if name.endswith(LINE_SUFFIXES) else survey.json(member)
    if isinstance(value, Mapping):
        value = [{"file": file, "label": label} for file, label in value.items() if _is_cell(label)]
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    columns = list(dict.fromkeys(key for row in rows for key, cell in row.items() if _is_cell(cell)))
    if len(columns) < 2 or len(columns) > _MOST_COLUMNS or len(rows) < len(value):
        raise DataError(
            N_("{table} is no table. Expected is an object with a file name and a label for each picture."),
            table=member.name,
        )
    return LabelTable(
        name=member.name,
        columns=tuple(columns),
        rows=tuple(_cells(row, columns) for row in rows),
        row_numbers=tuple(range(1, len(rows) + 1)),
    )


def _cells(row: Mapping[str, Any], columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(_text(row.get(column)) for column in columns)


def _is_cell(value: object) -> bool:
    """True for values that a cell of a table can hold."""
    if isinstance(value, dict):
        return list(value) == ["choices"]
    if isinstance(value, list):
        return all(isinstance(item, str | int | float) for item in value)
    return value is None or isinstance(value, str | int | float)


def _text(value: object) -> str:
    if value is None or not _is_cell(value):
        return ""
    if isinstance(value, dict | Sequence) and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value).strip()
