"""Label tables: CSV and Excel files that give the class of each picture.

Detects the roles of columns and finds the files that rows name. ``tables`` reads the cells.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from core.data.labels.label_sets import union_of
from core.data.labels.layout import FileAssignment, Split, clean_label, is_companion, label_of, split_named
from core.data.labels.multi_label_table import class_columns, labels_in_cells, with_classes_joined
from core.data.labels.tables import READABLE_SUFFIXES, LabelTable, read_label_table, safe_cell
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import PICTURE_SUFFIXES, Listing, Member, UnreadableMemberError
from core.errors import DataError
from core.messages import N_
from core.records import Record

__all__ = [
    "LabelTable",
    "TableAssignments",
    "TableColumns",
    "assignments_from_table",
    "find_label_table",
    "guess_columns",
    "read_label_table",
    "safe_cell",
]

_ROWS_SAMPLED = 300
_MAX_TABLES_READ = 20
# Of a path in the table that begins above the source, such as C:\Users\…
_MAX_FOLDERS_DROPPED = 5
# Of a table's rows must name a file, for the table to be detected.
_MIN_SHARE_OF_FILES = 0.5
# Usual names of columns, the most specific first.
_FILE_NAMES = ("file", "filename", "file name", "image", "path", "picture", "photo", "文件名", "文件", "图片", "datei", "fichier", "archivo", "ファイル", "файл")  # fmt: skip
_LABEL_NAMES = ("label", "class", "class name", "category", "species", "target", "tag", "breed", "diagnosis", "labels", "classes", "categories", "tags", "targets", "标签", "类别", "类", "分类", "klasse", "kategorie", "classe", "étiquette", "etiqueta", "clase", "categoría", "ラベル", "クラス", "метка", "класс")  # fmt: skip
_SPLIT_NAMES = ("split", "set", "subset", "part", "partition", "fold", "数据集", "划分", "集合", "aufteilung")
_GROUP_NAMES = ("group", "patient", "subject", "person", "camera", "burst", "session", "location", "分组", "组", "患者", "病人", "gruppe", "groupe", "grupo", "グループ", "группа")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TableColumns(Record):
    """Roles of a table's columns."""

    file: str
    label: str
    split: str | None = None
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class TableAssignments:
    """Assignments of a source's files by a table.

    ``assignments`` has an entry for every file, None where no row names it
    (``SkipReason.NOT_IN_TABLE``); ``refused`` the names in rows for which there is no file,
    with the reason.
    """

    assignments: list[FileAssignment | None]
    refused: list[tuple[str, Reason]]
    columns: TableColumns


def find_label_table(listing: Listing) -> Member | None:
    """Find the source's table that names most of its pictures and gives their classes."""
    candidates = [m for m in listing.members if m.parts[-1].lower().endswith(READABLE_SUFFIXES)]
    candidates.sort(key=lambda member: (len(member.parts), member.name))
    names = _Names(listing.members)
    best: tuple[int, Member | None] = (0, None)
    for member in candidates[:_MAX_TABLES_READ]:
        try:
            table = read_label_table(member.read(), member.name)
            columns = guess_columns(table, listing.members)
        except (DataError, UnreadableMemberError):
            # A table of something else.
            continue
        matches = _count_matches(table.column(columns.file), names)
        has_classes = len(set(table.column(columns.label))) > 1
        if has_classes and matches > best[0] and matches >= _MIN_SHARE_OF_FILES * len(table.rows):
            best = (matches, member)
    return best[1]


def guess_columns(table: LabelTable, members: Sequence[Member]) -> TableColumns:
    """Detect the columns' roles from their contents and names.

    Raises:
        DataError: no column contains the files' names, or none can be their classes.
    """
    names = _Names(members)
    matches = {column: _count_matches(cells, names) for column, cells in _samples(table).items()}
    file = max(matches, key=lambda column: (matches[column], -_rank(column, _FILE_NAMES)))
    if not matches[file]:
        raise DataError(
            N_(
                "No column of {table} names the pictures that came with it. Expected is one with file names such as “1.jpg” or “cats/1.jpg”."
            ),
            table=table.name,
        )
    split = _split_column(table, file)
    others = [column for column in table.columns if column not in {file, split}]
    group = _best_named(others, _GROUP_NAMES)
    label = _label_column(table, [column for column in others if column != group])
    if label is None:
        raise DataError(
            N_("No column of {table} can be taken for the classes. Call one “label”, or choose one."),
            table=table.name,
        )
    return TableColumns(file=file, label=label, split=split, group=group)


def assignments_from_table(
    table: LabelTable,
    members: Sequence[Member],
    columns: TableColumns | None = None,
    *,
    multi_label: bool = False,
) -> TableAssignments:
    """Assign class, split and group to each file, by the table.

    A name matches a file by its path, from the source's root or from any folder on, by the
    file's name alone, and without its extension. A name that matches several files is refused.
    A picture with an empty class is labelled later.

    Args:
        multi_label: a cell can name several classes, and so can several rows of one file;
            see ``multi_label_table``.
    Raises:
        DataError: a row has an invalid value or contradicts another one.
    """
    if multi_label and columns is None:
        table = _with_one_label_column(table)
    columns = columns or guess_columns(table, members)
    names = _Names(members)
    cells = table.column(columns.file)
    labels = table.column(columns.label)
    labels = labels_in_cells(labels) if multi_label else [label_of(label) for label in labels]
    splits = table.column(columns.split) if columns.split else [""] * len(cells)
    groups = table.column(columns.group) if columns.group else [""] * len(cells)
    dropped = _folders_dropped(cells, names)
    assignments: list[FileAssignment | None] = [None] * len(members)
    first_rows: dict[int, int] = {}
    refused: list[tuple[str, Reason]] = []
    for row, cell, label, split, group in zip(table.row_numbers, cells, labels, splits, groups, strict=True):
        matches = names.find(_parts_of(cell), dropped)
        if len(matches) != 1:
            code = SkipReason.AMBIGUOUS_NAME if matches else SkipReason.MISSING_FILE
            refused.append((cell, Reason(code=code, values={"row": row, "table": table.name})))
            continue
        assignment = FileAssignment(
            label=label, split=_split_of(split, row, table.name), group=clean_label(group)
        )
        index = matches[0]
        before = assignments[index]
        if multi_label and before is not None:
            label = union_of(before.label, label)
            before, assignment = replace(before, label=label), replace(assignment, label=label)
        _require_consistent(before, assignment, cell, (first_rows.get(index, row), row), table.name)
        assignments[index] = assignment
        first_rows.setdefault(index, row)
    return TableAssignments(assignments=assignments, refused=refused, columns=columns)


def _with_one_label_column(table: LabelTable) -> LabelTable:
    """Join the columns of 0 and 1, unless another column has the name of a label column."""
    classes = class_columns(table)
    if _best_named([name for name in table.columns if name not in classes], _LABEL_NAMES):
        return table
    return with_classes_joined(table)


def _samples(table: LabelTable) -> dict[str, list[str]]:
    rows = table.rows[:: max(1, len(table.rows) // _ROWS_SAMPLED)]
    return {column: [row[index] for row in rows] for index, column in enumerate(table.columns)}


def _rank(column: str, usual: Sequence[str]) -> int:
    """Rank a column's name for a role: 0 is best."""
    plain = " ".join(column.lower().replace("_", " ").replace("-", " ").split())
    if plain in usual:
        return usual.index(plain)
    within = [index for index, name in enumerate(usual) if name in plain.split()]
    return len(usual) + min(within) if within else 2 * len(usual)


def _best_named(columns: Sequence[str], usual: Sequence[str]) -> str | None:
    best = min(columns, key=lambda column: _rank(column, usual), default=None)
    return best if best is not None and _rank(best, usual) < 2 * len(usual) else None


def _split_column(table: LabelTable, file: str) -> str | None:
    """Find the column whose non-empty cells all name parts of a split."""
    fitting = []
    for column in table.columns:
        cells = {cell for cell in table.column(column) if cell}
        if column != file and cells and all(split_named(cell) for cell in cells):
            fitting.append(column)
    named = _best_named(fitting, _SPLIT_NAMES)
    return named or next((column for column in fitting if len(set(table.column(column))) > 1), None)


def _label_column(table: LabelTable, columns: Sequence[str]) -> str | None:
    """Find the column with a label's name, otherwise the first with repeating cells."""
    named = _best_named(columns, _LABEL_NAMES)
    if named is not None:
        return named
    for column in columns:
        cells = [cell for cell in table.column(column) if cell]
        if 2 <= len(set(cells)) <= max(2, len(cells) // 2):
            return column
    return columns[0] if len(columns) == 1 else None


def _split_of(cell: str, row: int, table: str) -> Split | None:
    if not cell:
        return None
    split = split_named(cell)
    if split is None:
        raise DataError(
            N_("Row {row} of {table} has the part “{cell}”. Expected is train, validation, test or nothing."),
            row=row,
            table=table,
            cell=cell,
        )
    return split


def _require_consistent(
    before: FileAssignment | None, now: FileAssignment, file: str, rows: tuple[int, int], table: str
) -> None:
    """Refuse rows that contradict each other.

    Raises:
        DataError: two rows assign different values to one file.
    """
    if before is None or before == now:
        return
    if before.label != now.label:
        raise DataError(
            N_(
                "Rows {first} and {second} of {table} give “{file}” two classes, “{one}” and “{other}”. A picture has one: keep one row."
            ),
            first=rows[0],
            second=rows[1],
            table=table,
            file=file,
            one=before.label,
            other=now.label,
        )
    raise DataError(
        N_("Rows {first} and {second} of {table} contradict each other about “{file}”. Keep one of them."),
        first=rows[0],
        second=rows[1],
        table=table,
        file=file,
    )


class _Names:
    """Lookup of a source's files by full or partial path."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._paths = {
            index: tuple(_normal(part) for part in member.parts)
            for index, member in enumerate(members)
            if not is_companion(member)
        }
        self._tables: dict[tuple[int, bool], dict[tuple[str, ...], list[int]]] = {}

    def find(self, parts: tuple[str, ...], dropped: int = 0) -> list[int]:
        """Find the files whose path ends like this one without its first ``dropped`` folders."""
        wanted = parts[min(dropped, len(parts) - 1) :] if parts else ()
        if not wanted:
            return []
        has_suffix = wanted[-1].lower().endswith(PICTURE_SUFFIXES)
        matches = self._ending_in(wanted, with_suffix=True)
        if not matches and not has_suffix:
            matches = self._ending_in(wanted, with_suffix=False)
        if len(matches) > 1:
            exact = [index for index in matches if self._paths[index][-len(wanted) :] == wanted]
            matches = exact or matches
        if len(matches) > 1:
            whole = [index for index in matches if self._paths[index] == wanted]
            matches = whole or matches
        return matches

    def _ending_in(self, wanted: tuple[str, ...], *, with_suffix: bool) -> list[int]:
        key = (len(wanted), with_suffix)
        if key not in self._tables:
            table: dict[tuple[str, ...], list[int]] = defaultdict(list)
            for index, path in self._paths.items():
                if len(path) >= len(wanted):
                    end = path[-len(wanted) :]
                    if not with_suffix:
                        end = (*end[:-1], PurePosixPath(end[-1]).stem)
                    table[tuple(part.casefold() for part in end)].append(index)
            self._tables[key] = table
        return self._tables[key].get(tuple(part.casefold() for part in wanted), [])


def _normal(part: str) -> str:
    return unicodedata.normalize("NFC", part)


def _parts_of(cell: str) -> tuple[str, ...]:
    parts = _normal(cell).replace("\\", "/").split("/")
    return tuple(part for part in parts if part not in {"", "."})


def _folders_dropped(cells: Sequence[str], names: _Names) -> int:
    """Count the leading folders of the table's paths that do not exist in the source.

    The number is the same for all rows; otherwise a missing “dogs/1.jpg” would match “cats/1.jpg”.
    """
    paths = [parts for parts in map(_parts_of, cells) if parts]
    paths = paths[:: max(1, len(paths) // _ROWS_SAMPLED)]
    longest = max((len(parts) for parts in paths), default=1)
    matches = [
        sum(len(names.find(parts, dropped)) == 1 for parts in paths)
        for dropped in range(min(longest, _MAX_FOLDERS_DROPPED + 1))
    ]
    enough = (dropped for dropped, count in enumerate(matches) if count >= _MIN_SHARE_OF_FILES * len(paths))
    return next(enough, matches.index(max(matches)))


def _count_matches(cells: Sequence[str], names: _Names) -> int:
    dropped = _folders_dropped(cells, names)
    return sum(len(names.find(_parts_of(cell), dropped)) == 1 for cell in cells)
