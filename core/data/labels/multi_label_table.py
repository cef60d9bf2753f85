"""Tables that give a picture several labels: in one cell, or with a column of 0 and 1 for each class."""

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
_LEAST_SHARE = 0.05  # of the cells with several labels, for a table to be taken for one of several


def labels_in_cells(cells: Sequence[str]) -> list[str]:
    """Each cell's classes as one label: “cat; dog”; “–” for none of them, "" where nothing is said.

    “;” and “|” part the classes; where no cell holds one of these, commas do.
    """
    parting = _parting(cells)
    return [_label(split_cell(cell, parting)) for cell in cells]


def with_classes_joined(table: LabelTable) -> LabelTable:
    """A table with a column for each class, 1 where a picture shows it, as one with a column of labels.

    A table with fewer than two such columns comes back as it is.
    """
    columns = class_columns(table)
    if len(columns) < 2:
        return table
    cells = [
        SEPARATOR.join(name for name, cell in zip(columns, row, strict=True) if cell.lower() in _YES)
        or NONE_OF_THEM
        for row in zip(*(table.column(name) for name in columns), strict=True)
    ]
    kept = [index for index, name in enumerate(table.columns) if name not in columns]
    return replace(
        table,
        columns=(*(table.columns[index] for index in kept), JOINED_COLUMN),
        rows=tuple(
            (*(row[index] for index in kept), cell) for row, cell in zip(table.rows, cells, strict=True)
        ),
    )


def class_columns(table: LabelTable) -> list[str]:
    """The columns whose every cell says yes or no; columns of other words are no classes."""
    return [
        name
        for name in table.columns
        if not split_named(name) and {cell.lower() for cell in table.column(name)} <= _YES | _NO
    ]


def suggests_multi_label(table: LabelTable) -> bool:
    """True if a table clearly gives pictures several labels each: worth asking, not worth assuming.

    Either it has columns of 0 and 1 of which a row has more than one 1, or none; or one of its
    columns parts words by “;” or “|” that come again in other cells.
    """
    columns = class_columns(table)
    if len(columns) >= 2:
        rows = zip(*(table.column(name) for name in columns), strict=True)
        if any(sum(cell.lower() in _YES for cell in row) != 1 for row in rows):
            return True
    return any(_holds_several(table.column(name)) for name in table.columns)


def _holds_several(cells: Sequence[str]) -> bool:
    if any(cell.lower().endswith(PICTURE_SUFFIXES) for cell in cells):
        return False
    named = [names for names in map(split_cell, cells) if names]
    several = [names for names in named if len(names) > 1]
    if len(several) < max(1, _LEAST_SHARE * len(named)):
        return False
    counts = Counter(name for names in named for name in names)
    again = sum(counts[name] > 1 for names in several for name in names)
    return again > sum(map(len, several)) / 2


def _parting(cells: Sequence[str]) -> re.Pattern[str]:
    return _SIGNS if any(_SIGNS.search(cell) for cell in cells) else _COMMA


def _label(names: Sequence[str] | None) -> str:
    if names is None:
        return ""
    return SEPARATOR.join(dict.fromkeys(map(label_of, names))) or NONE_OF_THEM
