"""Multi-label tables: several labels in one cell, or a column of yes and no for each class."""

from __future__ import annotations

from collections.abc import Sequence

from core.data.labels.flag_columns import flag_columns, read_flags
from core.data.labels.label_lists import have_signs, lists_in_cells, separated
from core.data.labels.label_sets import NONE_OF_THEM, SEPARATOR
from core.data.labels.layout import label_of
from core.data.labels.tables import LabelTable


def labels_in_cells(cells: Sequence[str]) -> list[str]:
    """Parse cells into labels: “cat; dog”, “–” for none of the classes, "" for an empty cell.

    “;” and “|” separate the classes; if no cell contains either, commas do.
    """
    return [_label(names) for names in separated(cells)]


def suggests_multi_label(table: LabelTable) -> bool:
    """True if a table probably gives pictures several labels each; the page then suggests it.

    Either some row has more than one yes, or none, in the columns of flags; or a column contains
    lists whose names recur in other cells.
    """
    columns = flag_columns(table)
    if len(columns) >= 2 and read_flags(table, columns).are_multi_label:
        return True
    return any(_has_lists(table.column(name)) for name in table.columns)


def _has_lists(cells: Sequence[str]) -> bool:
    lists = lists_in_cells(cells)
    if lists is not None:
        return any(labels is not None and len(labels) != 1 for labels in lists)
    return have_signs(cells)


def _label(names: Sequence[str] | None) -> str:
    if names is None:
        return ""
    return SEPARATOR.join(dict.fromkeys(map(label_of, names))) or NONE_OF_THEM
