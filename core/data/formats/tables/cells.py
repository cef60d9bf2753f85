"""Meaning of the cells of a label column or of flag columns: labels of each row, with notes and doubts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.data.formats.annotations import Labels
from core.data.formats.doubts import Doubt, DoubtKind, listed
from core.data.formats.tables.columns import Roles
from core.data.labels.flag_columns import read_flags
from core.data.labels.label_lists import lists_in_cells, separated, separator_of_lists
from core.data.labels.label_sets import SEPARATOR
from core.data.labels.layout import label_of
from core.data.labels.tables import LabelTable
from core.data.notes import Note, NoteKind

_WHOLE_NUMBER = re.compile(r"^(-?\d+)[.,]0+$")
_SHOWN_COLUMNS = 3
# Blank cells as pandas writes them once they were turned into texts.
_NAMES_OF_BLANK = frozenset({"nan", "<na>"})


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """Labels of each row of a table; None for a row without a label."""

    labels: list[Labels | None]
    # True if a row has several labels, or none of the classes.
    is_multi_label: bool = False
    notes: tuple[Note, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def meaning_of(table: LabelTable, roles: Roles, *, multi_label: bool, is_settled: bool) -> Meaning:
    """Read the labels of each row.

    Args:
        multi_label: the user said that a picture may have several labels.
        is_settled: the user chose the columns, so that separators mean what ``multi_label`` says.
    """
    if roles.flags:
        meaning = _of_flags(table, roles)
    else:
        meaning = _of_cells(table.column(roles.label), multi_label=multi_label, is_settled=is_settled)
    return replace(meaning, doubts=(*meaning.doubts, *_doubts_about(table, roles)))


def _of_flags(table: LabelTable, roles: Roles) -> Meaning:
    flags = read_flags(table, roles.flags)
    notes = []
    if flags.yes or flags.no:
        values: dict[str, str | int | float] = {"yes": flags.yes or "1", "no": flags.no or "0"}
        notes.append(Note(kind=NoteKind.NUMBERS_AS_FLAGS, values=values))
    if flags.blank_cells:
        shown = ", ".join(flags.blank_columns[:_SHOWN_COLUMNS])
        columns = f"{shown}, …" if len(flags.blank_columns) > _SHOWN_COLUMNS else shown
        notes.append(Note(kind=NoteKind.BLANK_CELLS, values={"columns": columns, "count": flags.blank_cells}))
    if flags.uncertain_cells:
        notes.append(Note(kind=NoteKind.UNCERTAIN_CELLS, values={"count": flags.uncertain_cells}))
    return Meaning(labels=list(flags.labels), is_multi_label=flags.are_multi_label, notes=tuple(notes))


def _of_cells(cells: Sequence[str], *, multi_label: bool, is_settled: bool) -> Meaning:
    cells = ["" if cell.casefold() in _NAMES_OF_BLANK else cell for cell in cells]
    lists = lists_in_cells(cells)
    if lists is not None:
        is_multi_label = any(labels is not None and len(labels) != 1 for labels in lists)
        return Meaning(labels=lists, is_multi_label=is_multi_label)
    if multi_label:
        return Meaning(labels=separated(cells), is_multi_label=True)
    separator = None if is_settled or _have_fractions(cells) else separator_of_lists(cells)
    if separator is None:
        return _single(cells)
    labels = separated(cells, separator)
    example = SEPARATOR.join(next(names for names in labels if names and len(names) > 1))
    doubt = Doubt(kind=DoubtKind.SEVERAL_LABELS, values={"example": example})
    return Meaning(labels=labels, is_multi_label=True, doubts=(doubt,))


def _single(cells: Sequence[str]) -> Meaning:
    """One class a cell; “1.0” and “1,0” are the class “1” where all cells are whole numbers."""
    filled = {cell for cell in cells if cell}
    notes: tuple[Note, ...] = ()
    if _have_fractions(cells):
        example = min(cell for cell in filled if _WHOLE_NUMBER.match(cell))
        values: dict[str, str | int | float] = {"cell": example, "name": _without_fraction(example)}
        notes = (Note(kind=NoteKind.WHOLE_NUMBERS, values=values),)
        cells = [_without_fraction(cell) for cell in cells]
    return Meaning(labels=[(cell,) if label_of(cell) else None for cell in cells], notes=notes)


def _have_fractions(cells: Sequence[str]) -> bool:
    """True for whole numbers of which some are written as fractions, such as “1.0”."""
    filled = {cell for cell in cells if cell}
    return any(map(_WHOLE_NUMBER.match, filled)) and all(map(_is_whole, filled))


def _is_whole(cell: str) -> bool:
    return bool(_WHOLE_NUMBER.match(cell)) or cell.lstrip("-").isdecimal()


def _without_fraction(cell: str) -> str:
    match = _WHOLE_NUMBER.match(cell)
    return match[1] if match else cell


def _doubts_about(table: LabelTable, roles: Roles) -> list[Doubt]:
    if not roles.rivals:
        return []
    if roles.label_is_flag:
        names = set(table.column(roles.label)) - {""}
        return [Doubt(kind=DoubtKind.CLASSES_ARE_FLAGS, values={"classes": listed(names)})]
    column = roles.label or ", ".join(roles.flags[:_SHOWN_COLUMNS])
    values: dict[str, str] = {"column": column, "others": listed(roles.rivals)}
    return [Doubt(kind=DoubtKind.LABEL_COLUMN_GUESSED, values={**values})]
