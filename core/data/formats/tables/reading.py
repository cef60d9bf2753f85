"""Reading of label tables: an annotation for each row, with its picture, split and group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from core.data.formats.annotations import Annotation, label_text, read_annotations
from core.data.formats.doubts import listed
from core.data.formats.import_format import FormatReading
from core.data.formats.survey import Survey
from core.data.formats.tables.column_names import parts_of_flags
from core.data.formats.tables.columns import is_no_split
from core.data.formats.tables.finding import TableSource
from core.data.formats.tables.folder_splits import split_in_name, splits_of_folders
from core.data.import_config import ImportConfig
from core.data.labels.flag_columns import is_yes
from core.data.labels.further_columns import choose_columns, fields_of
from core.data.labels.label_table import TableColumns
from core.data.labels.layout import Split, clean_label, split_named
from core.data.notes import Note, NoteKind
from core.errors import DataError
from core.messages import N_


def read_tables(sources: Sequence[TableSource], survey: Survey, config: ImportConfig) -> FormatReading:
    """Assign class, split and group to each picture that a table names.

    Raises:
        DataError: a row has an invalid part, or contradicts another one of its table.
    """
    multi_label = config.multi_label or any(source.meaning.is_multi_label for source in sources)
    folder_splits = splits_of_folders([survey.inner_path(picture) for picture in survey.pictures])
    parts = {source.split for source in sources}
    annotations: list[Annotation] = []
    matches: list[list[int]] = []
    for source in sources:
        rows = _annotations(
            source,
            folder_splits,
            source.split if len(parts) > 1 else None,
            fields_of(source.table, _kept_columns(source, config)),
        )
        _require_consistent(rows, source.matches, source.table.name, multi_label=multi_label)
        annotations += rows
        matches += source.matches
    doubts = {doubt.kind: doubt for source in sources for doubt in source.meaning.doubts}
    reading = read_annotations(
        annotations,
        survey,
        multi_label=multi_label,
        label_files=[source.member for source in sources if source.member],
        notes=[*_columns_notes(sources, config), *_notes(sources)],
        matches=matches,
        label_name=sources[0].table.name if len(sources) == 1 else "",
    )
    table, roles = sources[0].table, sources[0].roles
    # Columns of flags leave the label column "": recognised.
    columns = TableColumns(file=roles.file, label=roles.label, split=roles.split, group=roles.group)
    return replace(reading, doubts=tuple(doubts.values()), columns=columns, column_names=table.columns)


def _annotations(
    source: TableSource,
    folder_splits: Sequence[Split | None],
    split_of_table: Split | None,
    fields: Sequence[str],
) -> list[Annotation]:
    table, roles = source.table, source.roles
    names = table.column(roles.file)
    splits = table.column(roles.split) if roles.split else [""] * len(names)
    groups = table.column(roles.group) if roles.group else [""] * len(names)
    rows = zip(
        table.row_numbers, names, source.meaning.labels, splits, groups, source.matches, fields, strict=True
    )
    return [
        Annotation(
            file=name,
            labels=labels,
            split=_split_of(split, number, table.name, roles.split)
            if roles.split
            else split_of_table or (folder_splits[indices[0]] if len(indices) == 1 else None),
            group=clean_label(group),
            label_file=table.name,
            entry=number,
            fields=further,
        )
        for number, name, labels, split, group, indices, further in rows
    ]


def _kept_columns(source: TableSource, config: ImportConfig) -> tuple[str, ...]:
    """Columns without a role that are kept."""
    roles = source.roles
    used = {roles.file, roles.label, *roles.flags, roles.split or "", roles.group or ""}
    return choose_columns(source.table, used) if config.keep_columns else ()


def _split_of(cell: str, row: int, table: str, column: str) -> Split | None:
    if is_no_split(cell):
        return None
    if (parts := parts_of_flags(column)) and not split_named(cell):
        return parts[0] if is_yes(cell) else parts[1]
    named = split_in_name(cell)
    split = split_named(cell) or (named[0] if named else None)
    if split is None:
        raise DataError(
            N_("Row {row} of {table} has the part “{cell}”. Expected is train, validation, test or nothing."),
            row=row,
            table=table,
            cell=cell,
        )
    return split


def _require_consistent(
    rows: Sequence[Annotation], matches: Sequence[Sequence[int]], table: str, *, multi_label: bool
) -> None:
    """Refuse rows of one table that contradict each other.

    Raises:
        DataError: two rows assign different values to one picture.
    """
    first: dict[int, Annotation] = {}
    for row, indices in zip(rows, matches, strict=True):
        if len(indices) != 1:
            continue
        before = first.setdefault(indices[0], row)
        if before.labels != row.labels and not multi_label:
            raise DataError(
                N_(
                    "Rows {first} and {second} of {table} give “{file}” two classes, “{one}” and “{other}”. A picture has one: keep one row, or allow several labels."
                ),
                first=before.entry,
                second=row.entry,
                table=table,
                file=row.file,
                one=label_text(before.labels),
                other=label_text(row.labels),
            )
        if (before.split, before.group) != (row.split, row.group):
            raise DataError(
                N_(
                    "Rows {first} and {second} of {table} contradict each other about “{file}”. Keep one of them."
                ),
                first=before.entry,
                second=row.entry,
                table=table,
                file=row.file,
            )


def _columns_notes(sources: Sequence[TableSource], config: ImportConfig) -> list[Note]:
    """The columns that were used and kept; tables with the same columns are one note."""
    first = sources[0]
    columns = first.roles.flags or (first.roles.label,)
    names = [source.table.name for source in sources]
    table = ", ".join([*names[:3], "…"] if len(names) > 3 else names)
    values = {"table": table, "file": first.roles.file, "columns": listed(columns)}
    kept = dict.fromkeys(name for source in sources for name in _kept_columns(source, config))
    further = [Note(kind=NoteKind.FURTHER_COLUMNS, values={"columns": listed(tuple(kept))})] if kept else []
    sheets = [
        Note(
            kind=NoteKind.OTHER_WORKSHEETS,
            values={"table": source.table.name, "sheets": listed(source.table.other_sheets)},
        )
        for source in sources
        if source.table.other_sheets
    ]
    return [Note(kind=NoteKind.TABLE_COLUMNS, values=values), *further, *sheets]


def _notes(sources: Sequence[TableSource]) -> list[Note]:
    """Notes of all tables, with their counts added."""
    by_kind: dict[NoteKind, Note] = {}
    counts: Counter[NoteKind] = Counter()
    for note in (note for source in sources for note in source.meaning.notes):
        counts[note.kind] += note.count
        by_kind.setdefault(note.kind, note)
    shown = set().union(*(source.classes for source in sources))
    columns = dict.fromkeys(name for source in sources for name in source.roles.flags)
    missing = [name for name in columns if name not in shown]
    if missing:
        by_kind[NoteKind.EMPTY_CLASSES] = Note(
            kind=NoteKind.EMPTY_CLASSES, values={"classes": listed(missing)}
        )
    return [
        replace(note, values={**note.values, "count": counts[kind]}) if "count" in note.values else note
        for kind, note in by_kind.items()
    ]
