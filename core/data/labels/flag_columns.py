"""Flag columns: one column of yes and no for each class, in the notations of spreadsheets and datasets."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.data.labels.layout import split_named
from core.data.labels.tables import LabelTable

# “1”, “1.0” and “+1”, as pandas writes a column that once held a gap.
_NUMBER = re.compile(r"^([+-]?)([01])(?:[.,]0+)?$")
_YES_WORDS = frozenset({"true", "yes", "y", "是"})
_NO_WORDS = frozenset({"false", "no", "n", "否"})
_PLAIN = frozenset({"0", "1"})
# Share of a column's filled cells from which another value is a slip, not another kind of column.
_NEARLY_ALL = 0.8


@dataclass(frozen=True, kw_only=True)
class FlagColumns:
    """Classes of each row by its flag columns, with counts of what was interpreted."""

    columns: tuple[str, ...]
    # Classes of each row; () for none of them.
    labels: list[tuple[str, ...]]
    # Blank cells in rows that are not blank altogether; they count as “no”.
    blank_cells: int
    blank_columns: tuple[str, ...]
    # “-1” beside “0”, as in CheXpert; they count as “no”.
    uncertain_cells: int
    # Spelling of yes and no where it is not 1 and 0, otherwise "".
    yes: str = ""
    no: str = ""

    @property
    def are_multi_label(self) -> bool:
        """True if a row has several classes, or none."""
        return any(len(labels) != 1 for labels in self.labels)


def flag_columns(table: LabelTable, but: Collection[str] = ()) -> list[str]:
    """List the columns that contain only flags and blank cells, without those in ``but``."""
    return [
        name
        for name in table.columns
        if name not in but and not split_named(name) and _are_flags(set(table.column(name)))
    ]


def nearly_flag_columns(table: LabelTable, but: Collection[str] = ()) -> list[tuple[str, int]]:
    """Columns with flags in most cells, each with the index of its first row with another value."""
    columns = []
    for name in table.columns:
        cells = table.column(name)
        filled = [cell for cell in cells if cell]
        flags = sum(_sign(cell) is not None for cell in filled)
        if name not in but and _NEARLY_ALL * len(filled) <= flags < len(filled):
            row = next(row for row, cell in enumerate(cells) if cell and _sign(cell) is None)
            columns.append((name, row))
    return columns


def read_flags(table: LabelTable, columns: Sequence[str]) -> FlagColumns:
    """Read the classes of each row.

    “-1” means uncertain if some cell is “0”, otherwise no. A blank cell means no.
    """
    cells = [table.column(name) for name in columns]
    signs = {cell: _sign(cell) for cell in {cell for column in cells for cell in column}}
    has_zero = 0 in signs.values()
    rows = list(zip(*cells, strict=True))
    filled = [row for row in rows if any(row)]
    blank = [sum(not row[index] for row in filled) for index in range(len(columns))]
    no = 0 if has_zero else -1
    yes_spelling, no_spelling = _spelling(signs, 1), _spelling(signs, no)
    is_plain = {yes_spelling, no_spelling} - {""} <= _PLAIN
    return FlagColumns(
        columns=tuple(columns),
        labels=[
            tuple(name for name, cell in zip(columns, row, strict=True) if signs[cell] == 1) for row in rows
        ],
        blank_cells=sum(blank),
        blank_columns=tuple(name for name, count in zip(columns, blank, strict=True) if count),
        uncertain_cells=sum(signs[cell] == -1 for row in rows for cell in row) if has_zero else 0,
        yes="" if is_plain else yes_spelling,
        no="" if is_plain else no_spelling,
    )


def is_yes(cell: str) -> bool:
    """True for a cell that says yes."""
    return _sign(cell) == 1


def _are_flags(cells: set[str]) -> bool:
    filled = cells - {""}
    return bool(filled) and all(_sign(cell) is not None for cell in filled)


def _sign(cell: str) -> int | None:
    """1 for yes, 0 for no, -1 for “-1”; None for any other text, and for a blank cell."""
    number = _NUMBER.match(cell)
    if number:
        return int(number[2]) * (-1 if number[1] == "-" else 1)
    word = cell.casefold()
    return 1 if word in _YES_WORDS else 0 if word in _NO_WORDS else None


def _spelling(signs: dict[str, int | None], sign: int) -> str:
    return min((cell for cell, other in signs.items() if other == sign), default="")
