"""Multi-label tables: several labels in one cell, or a column of 0 and 1 for each class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from core.data.labels.label_sets import NONE_OF_THEM, SEPARATOR, split_cell
from core.data.labels.layout import label_of, split_named
from core.data.labels.tables import LabelTable
from core.data.sources.members import PICTURE_SUFFIXES

JOINED_COLUMN = "labels"
_YES, _NO = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no"})
_SIGNS, _COMMA = re.compile(r"[;|]"), re.compile(",")
# Of a column's cells must have several labels, for a table to count as multi-label.
_MIN_SHARE = 0.05


def labels_in_cells(cells: Sequence[str]) -> list[str]:
    """Parse cells into labels: “cat; dog”, “–” for none of the classes, "" for an empty cell.

    “;” and “|” separate the classes; if no cell contains either, commas do.
    """
    separator = _separator(cells)
    return [_label(split_cell(cell, separator)) for cell in cells]


def with_classes_joined(table: LabelTable) -> LabelTable:
    """Join the columns of 0 and 1 of a table into one column of labels.

    A table with fewer than two such columns is returned unchanged.
    """
    columns = class_columns(table)
    if len(columns) < 2:
        return table
    cells = [
        SEPARATOR.join(name for name, cell in zip(columns, row, strict=True) if cell.lower() in _YES)
        or NONE_OF_THEM
        for row in zip(*(table.column(name) for name in columns), strict=True)
    ]
    others = [index for index, name in enumerate(table.columns) if name not in columns]
    return replace(
        table,
        columns=(*(table.columns[index] for index in others), JOINED_COLUMN),
        rows=tuple(
            (*(row[index] for index in others), cell) for row, cell in zip(table.rows, cells, strict=True)
        ),
    )


def class_columns(table: LabelTable) -> list[str]:
    """List the columns that contain only yes and no (1 and 0, true and false)."""
    return [
        name
        for name in table.columns
        if not split_named(name) and {cell.lower() for cell in table.column(name)} <= _YES | _NO
    ]


def suggests_multi_label(table: LabelTable) -> bool:
    """True if a table probably gives pictures several labels each; the page then suggests it.

    Either some row has more than one 1, or none, in the columns of 0 and 1; or a column contains
    lists, separated by “;” or “|”, whose names recur in other cells.
    """
    columns = class_columns(table)
    if len(columns) >= 2:
        rows = zip(*(table.column(name) for name in columns), strict=True)
        if any(sum(cell.lower() in _YES for cell in row) != 1 for row in rows):
            return True
    return any(_has_label_lists(table.column(name)) for name in table.columns)


def _has_label_lists(cells: Sequence[str]) -> bool:
    if any(cell.lower().endswith(PICTURE_SUFFIXES) for cell in cells):
        return False
    labels = [names for names in map(split_cell, cells) if names]
    lists = [names for names in labels if len(names) > 1]
    if len(lists) < max(1, _MIN_SHARE * len(labels)):
        return False
    counts = Counter(name for names in labels for name in names)
    recurring = sum(counts[name] > 1 for names in lists for name in names)
    return recurring > sum(map(len, lists)) / 2


def _separator(cells: Sequence[str]) -> re.Pattern[str]:
    return _SIGNS if any(_SIGNS.search(cell) for cell in cells) else _COMMA


def _label(names: Sequence[str] | None) -> str:
    if names is None:
        return ""
    return SEPARATOR.join(dict.fromkeys(map(label_of, names))) or NONE_OF_THEM
