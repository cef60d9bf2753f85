"""Roles of a table's columns: file names, classes, split and groups, by contents and by names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.data.formats.picture_index import PictureIndex
from core.data.formats.survey import is_picture_name
from core.data.formats.tables.column_names import (
    ADMINISTRATIVE_NAMES,
    FILE_NAMES,
    GROUP_NAMES,
    LABEL_NAMES,
    SPLIT_NAMES,
    VAGUE_LABEL_NAMES,
    best_named,
    is_exactly,
    parts_of_flags,
    rank,
)
from core.data.labels.flag_columns import flag_columns, nearly_flag_columns
from core.data.labels.label_table import TableColumns
from core.data.labels.layout import split_named
from core.data.labels.tables import LabelTable
from core.errors import DataError
from core.messages import N_

_ROWS_SAMPLED = 300
# Of a table's sampled rows that name a picture, for a column to be taken for the file names.
_LEAST_SHARE_OF_FILES = 0.02
# So many columns of flags are classes, whatever other columns repeat: CheXpert has 14 beside “Sex”.
_CLEARLY_FLAGS = 4
_NUMBER_AT_END = re.compile(r"[\s_.-]*\(?\d+\)?$")
_NO_SPLIT = frozenset({"", "unassigned", "none", "-"})


class AmbiguousNamesError(DataError):
    """Error for a table whose names of files mean several pictures each."""


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Roles of a table's columns; either ``label`` or ``flags`` gives the classes."""

    file: str
    label: str = ""
    flags: tuple[str, ...] = ()
    split: str | None = None
    group: str | None = None
    # Other columns that may hold the classes, where the choice is a guess.
    rivals: tuple[str, ...] = ()
    # True if the label column is one of several columns of flags.
    label_is_flag: bool = False


def find_roles(table: LabelTable, index: PictureIndex, chosen: TableColumns | None = None) -> Roles:
    """Detect the columns' roles; the user's choices are kept.

    Raises:
        DataError: no column contains the files' names, or none can be their classes.
    """
    chosen = chosen or TableColumns(file="", label="")
    for name in (chosen.file, chosen.label, chosen.split, chosen.group):
        if name:
            table.column(name)
    file = chosen.file or _file_column(table, index)
    split = _split_column(table, file) if _is_detected(chosen.split, chosen) else chosen.split
    if chosen.label:
        others = [name for name in table.columns if name not in {file, split, chosen.label}]
        group = best_named(others, GROUP_NAMES) if _is_detected(chosen.group, chosen) else chosen.group
        return Roles(file=file, label=chosen.label, split=split, group=group)
    return _with_classes(table, file, split, chosen.group)


def _is_detected(role: str | None, chosen: TableColumns) -> bool:
    """True for a split or group that was left open; None in a complete choice says that there is none."""
    return not role and not (role is None and chosen.is_complete)


def _file_column(table: LabelTable, index: PictureIndex) -> str:
    shares = {column: index.share(cells) for column, cells in _samples(table).items()}
    file = max(shares, key=lambda column: (shares[column], -rank(column, FILE_NAMES)))
    if shares[file] < _LEAST_SHARE_OF_FILES:
        _require_clear_names(table, index)
        raise DataError(
            N_(
                "No column of {table} names the pictures that came with it. Expected is one with file names such as “1.jpg” or “cats/1.jpg”. "
                "The column “{column}” has “{cell}”; a picture is called “{picture}”."
            ),
            table=table.name,
            **_nearest_names(table, index),
        )
    return file


def _require_clear_names(table: LabelTable, index: PictureIndex) -> None:
    """
    Raises:
        AmbiguousNamesError: most cells of a column are names that several pictures have.
    """
    for column, cells in _samples(table).items():
        found = [
            (cell, indices) for cell, indices in zip(cells, index.find_all(cells), strict=True) if indices
        ]
        if 2 * len(found) > len(cells):
            raise AmbiguousNamesError(
                N_(
                    "The column “{column}” of {table} has names that several pictures have, such as “{cell}”. Write their folders before them."
                ),
                column=column,
                table=table.name,
                cell=found[0][0],
            )


def _nearest_names(table: LabelTable, index: PictureIndex) -> dict[str, str]:
    """The most likely column of file names, a cell of it, and the name of a picture."""
    with_pictures = [name for name in table.columns if any(map(is_picture_name, table.column(name)[:20]))]
    column = with_pictures[0] if with_pictures else best_named(table.columns, FILE_NAMES) or table.columns[0]
    cell = next((cell for cell in table.column(column) if cell), "")
    picture = index.pictures[0].name if index.pictures else "–"
    return {"column": column, "cell": cell, "picture": picture}


def _with_classes(table: LabelTable, file: str, split: str | None, group: str | None) -> Roles:
    others = [name for name in table.columns if name not in {file, split, group} and any(table.column(name))]
    flags = flag_columns(table, but={file, split or "", *_administrative(table)})
    free = [name for name in others if name not in flags or is_exactly(name, LABEL_NAMES)]
    group = group or best_named([name for name in others if name not in flags], GROUP_NAMES)
    label = best_named([name for name in free if name != group], LABEL_NAMES)
    if label is not None and not (len(flags) > 1 and label in flags and not is_exactly(label, LABEL_NAMES)):
        return _by_name(table, _named_rather_than_numbered(table, label, free), file, split, group, flags)
    candidates = [name for name in others if name not in {group, *_administrative(table)}]
    vague = best_named([name for name in candidates if name not in flags], VAGUE_LABEL_NAMES)
    repeating = [name for name in candidates if name not in flags and _repeats(table.column(name))]
    if vague is not None and _has_two(table.column(vague)):
        return _guessed(table, vague, file, split, group, [*repeating, *(flags if len(flags) > 1 else ())])
    if len(flags) > 1:
        _require_flags(table, flags, candidates)
        rivals = repeating if len(flags) < _CLEARLY_FLAGS else []
        return Roles(file=file, flags=tuple(flags), split=split, group=group, rivals=tuple(rivals))
    # A group column alone may be the class: “file,person”.
    last = candidates or ([group] if group else [])
    label = next(iter(repeating), None) or (last[0] if len(last) == 1 else None) or next(iter(flags), None)
    if label is None:
        raise DataError(
            N_("No column of {table} can be taken for the classes. Call one “label”, or choose one."),
            table=table.name,
        )
    return _guessed(table, label, file, split, group if group != label else None, [*repeating, *flags])


def _by_name(
    table: LabelTable, label: str, file: str, split: str | None, group: str | None, flags: Sequence[str]
) -> Roles:
    """Roles of a table with a column that has the name of a label column."""
    is_flag = label in flags and len(flags) > 1
    rivals = [name for name in flags if name != label] if is_flag else _siblings(table, label)
    return Roles(
        file=file,
        label=label,
        split=split,
        group=group if group != label else None,
        label_is_flag=is_flag,
        rivals=tuple(rivals),
    )


def _siblings(table: LabelTable, label: str) -> list[str]:
    """Columns of the same name with another number and other cells, such as “label_2” beside “label_1”."""
    stem = _NUMBER_AT_END.sub("", label)
    return [
        name
        for name in table.columns
        if name != label
        and _NUMBER_AT_END.sub("", name) == stem
        and any(table.column(name))
        and table.column(name) != table.column(label)
    ]


def _guessed(
    table: LabelTable,
    label: str,
    file: str,
    split: str | None,
    group: str | None,
    repeating: Sequence[str],
) -> Roles:
    cells = table.column(label)
    # Numbers in a column of each class may mean the same as those of another one, such as 0 and 100.
    are_numbers = not is_exactly(label, VAGUE_LABEL_NAMES) and _are_numbers(cells)
    rivals = [
        name
        for name in repeating
        if name != label and (are_numbers or not _means_the_same(cells, table.column(name)))
    ]
    return Roles(file=file, label=label, split=split, group=group, rivals=tuple(dict.fromkeys(rivals)))


def _named_rather_than_numbered(table: LabelTable, label: str, columns: Sequence[str]) -> str:
    """Prefer “label_name” to a “label” with a number for each of its names."""
    cells = table.column(label)
    if not _are_numbers(cells):
        return label
    names = [name for name in columns if name != label and best_named([name], LABEL_NAMES)]
    same = [name for name in names if _means_the_same(cells, table.column(name))]
    return next((name for name in same if not _are_numbers(table.column(name))), label)


def _require_flags(table: LabelTable, flags: Sequence[str], candidates: Sequence[str]) -> None:
    """Refuse a table in which one of the columns of flags has another value.

    Raises:
        DataError: the class of that column would be lost.
    """
    for column, row in nearly_flag_columns(table, but=flags):
        if column in candidates:
            raise DataError(
                N_(
                    "Row {row} of {table} has “{cell}” in the column “{column}”. Expected is 1, 0 or nothing, as in the other columns of classes ({others})."
                ),
                row=table.row_numbers[row],
                table=table.name,
                cell=table.column(column)[row],
                column=column,
                others=", ".join(flags[:4]),
            )


def _split_column(table: LabelTable, file: str) -> str | None:
    """Find the column whose non-empty cells all name parts of a split."""
    fitting = []
    for column in table.columns:
        cells = {cell for cell in table.column(column) if cell.casefold() not in _NO_SPLIT}
        if column != file and cells and all(split_named(cell) for cell in cells):
            fitting.append(column)
    named = best_named(fitting, SPLIT_NAMES)
    varied = next((column for column in fitting if len(set(table.column(column))) > 1), None)
    flags = next((name for name in flag_columns(table) if name != file and parts_of_flags(name)), None)
    return named or varied or flags or _nearly_split_column(table, file)


def _nearly_split_column(table: LabelTable, file: str) -> str | None:
    """A column that is called like one of parts, and names parts in most rows; reading it names the other rows."""
    for column in table.columns:
        if column != file and is_exactly(column, SPLIT_NAMES):
            filled = [cell for cell in table.column(column) if cell.casefold() not in _NO_SPLIT]
            if 2 * sum(split_named(cell) is not None for cell in filled) > len(filled):
                return column
    return None


def is_no_split(cell: str) -> bool:
    """True for a cell that gives a picture no part of the split."""
    return cell.casefold() in _NO_SPLIT


def _administrative(table: LabelTable) -> Collection[str]:
    """Columns that describe the annotation or the file, and are never classes."""
    return [name for name in table.columns if is_exactly(name, ADMINISTRATIVE_NAMES)]


def _repeats(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return 2 <= len(set(filled)) <= max(2, len(filled) // 2)


def _has_two(cells: Sequence[str]) -> bool:
    return len(set(cells) - {""}) > 1


def _means_the_same(cells: Sequence[str], others: Sequence[str]) -> bool:
    """True if two columns part the rows in the same way, such as numbers and names of classes."""
    pairs: Mapping[str, str] = dict(zip(cells, others, strict=True))
    return len(set(zip(cells, others, strict=True))) == len(pairs) == len(set(others))


def _are_numbers(cells: Sequence[str]) -> bool:
    return all(cell.replace(".", "", 1).isdigit() for cell in cells if cell)


def _samples(table: LabelTable) -> dict[str, list[str]]:
    rows = table.rows[:: max(1, len(table.rows) // _ROWS_SAMPLED)]
    return {column: [row[index] for row in rows] for index, column in enumerate(table.columns)}
