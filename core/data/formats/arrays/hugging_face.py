"""Hugging Face datasets: Parquet files, and Arrow files of ``save_to_disk``.

A column is a struct of ``bytes`` and ``path``; a label is a number with its names in the schema's
metadata, a text, or a list of either. Without such a column, the classes of its objects label a
picture. Files are read group by group.

Source: the ``datasets`` library, features ``Image`` and ``ClassLabel``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from core.data.formats.annotations import Annotation, Labels, read_annotations
from core.data.formats.arrays.columns import Columns, columns_of
from core.data.formats.arrays.data_file import SUFFIXES, DataFile
from core.data.formats.arrays.embedded import EmbeddedPicture, assigned, embedded, embedded_reading
from core.data.formats.arrays.objects import boxes_of_tables
from core.data.formats.doubts import Doubt, DoubtKind
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import split_of_path
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box
from core.data.labels.label_table import TableColumns
from core.data.labels.layout import Split
from core.data.notes import Note, NoteKind
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import Member, UnreadableMemberError
from core.errors import DataError
from core.messages import N_, Message

if TYPE_CHECKING:
    import pyarrow as pa

# Reads a column of a group of rows.
_File = tuple[DataFile, Split | None, Columns]
ReadGroup = Callable[[DataFile, int, str], "pa.ChunkedArray"]
_TOOL = "Hugging Face"
_GROUPS_IN_MEMORY = 2
_DATUMARO_SIGNATURE = b"signature:datumaro_arrow"


def _data_files(survey: Survey) -> list[Member]:
    return sorted(survey.ending(*SUFFIXES), key=lambda member: member.name)


def _recognise(survey: Survey) -> Evidence | None:
    files = _data_files(survey)
    if not files:
        return None
    data_file = DataFile(files[0])
    if data_file.metadata.get(b"signature") == _DATUMARO_SIGNATURE:
        raise DataError(
            N_("{file} is in Datumaro's Arrow format. Export the dataset again in the format “datumaro”."),
            file=files[0].name,
        )
    columns = columns_of(data_file)
    if columns is None:
        return None
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(
            N_("{file} has a column “{column}” of pictures"),
            {"file": files[0].name, "column": columns.picture},
        ),
    )


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    members = _data_files(survey)
    chosen = config.columns.label if config.columns else ""
    files = [(DataFile(member), split_of_path(survey.inner_path(member))) for member in members]
    with_columns = [
        (data_file, split, columns)
        for data_file, split in files
        if (columns := columns_of(data_file, chosen)) is not None
    ]
    if not with_columns:
        raise DataError(
            N_("{source} has no column of pictures. Expected is one with “bytes” and “path”."),
            source=survey.source_name,
        )
    _require_column(chosen, with_columns[0][0])
    multi_label = config.multi_label or any(
        columns.is_list or (columns.objects is not None and not columns.label)
        for _, _, columns in with_columns
    )
    if _holds_paths_only(*with_columns[0][::2]):
        return _read_paths(with_columns, survey, members, multi_label=multi_label)
    read_group = lru_cache(_GROUPS_IN_MEMORY)(DataFile.column)  # of all files together
    pictures: list[EmbeddedPicture] = []
    boxes: dict[str, Sequence[Box]] = {}
    for (data_file, split, columns), rows in zip(with_columns, _boxes(with_columns), strict=True):
        found = _pictures(data_file, read_group, columns, split, multi_label=multi_label)
        for (member, assignment), of_row in zip(found, rows, strict=False):
            if of_row:
                boxes[member.name] = of_row
            if of_row and not columns.label:
                assignment = assigned(_labels_of_boxes(of_row), split, multi_label=multi_label)
            pictures.append((member, assignment))
    used = [*members, *survey.named("dataset_info.json", "dataset_dict.json", "state.json")]
    reading = embedded_reading(
        pictures,
        survey,
        used,
        multi_label=multi_label,
        notes=_notes(with_columns[0][2], pictures),
        boxes=boxes,
    )
    return _with_doubts(reading, with_columns[0][0], with_columns[0][2])


def _boxes(files: Sequence[_File]) -> list[Iterable[Sequence[Box]]]:
    """Boxes of each row of each file; without end where it has no column of objects."""
    with_objects = [(data_file, columns.objects) for data_file, _, columns in files if columns.objects]
    tables = iter(boxes_of_tables(with_objects))
    return [next(tables) if columns.objects else repeat(()) for _, _, columns in files]


def _labels_of_boxes(boxes: Sequence[Box]) -> Labels:
    return tuple(dict.fromkeys(box.label for box in boxes if box.label))


def _require_column(name: str, data_file: DataFile) -> None:
    """
    Raises:
        DataError: there is no column of the name that the user chose.
    """
    if name and name not in data_file.schema.names:
        raise DataError(
            N_("{table} has no column “{column}”. Its columns are: {columns}."),
            table=data_file.member.name,
            column=name,
            columns=", ".join(data_file.schema.names),
        )


def _notes(columns: Columns, pictures: Sequence[EmbeddedPicture]) -> list[Note]:
    labels = {assignment.label for _, assignment in pictures} - {""}
    are_numbers = not columns.names and bool(labels) and all(label.isdigit() for label in labels)
    return [Note(kind=NoteKind.UNNAMED_CLASSES)] if are_numbers else []


def _with_doubts(reading: FormatReading, data_file: DataFile, columns: Columns) -> FormatReading:
    """Ask about a column of labels that was guessed, and offer the others."""
    if not columns.label or not (columns.others or columns.is_guessed):
        return reading
    values = {"column": columns.label}
    doubt = (
        Doubt(
            kind=DoubtKind.LABEL_COLUMN_GUESSED,
            values={**values, "others": ", ".join(f"“{name}”" for name in columns.others)},
        )
        if columns.others
        else Doubt(kind=DoubtKind.LABEL_COLUMN_UNNAMED, values={**values})
    )
    return replace(
        reading,
        doubts=[doubt],
        columns=TableColumns(file=columns.picture, label=columns.label),
        column_names=tuple(data_file.schema.names),
    )


def _pictures(
    data_file: DataFile, read_group: ReadGroup, columns: Columns, split: Split | None, *, multi_label: bool
) -> Iterator[EmbeddedPicture]:
    number = 0
    for group in range(data_file.groups):
        for row, labels in enumerate(_labels_of_group(data_file, columns, group)):
            member = embedded(
                data_file.member,
                number,
                partial(_picture, read_group, data_file, group, columns.picture, row),
                suffix="img",
            )
            yield member, assigned(labels, split, multi_label=multi_label)
            number += 1


def _picture(read_group: ReadGroup, data_file: DataFile, group: int, column: str, row: int) -> bytes:
    try:
        value = read_group(data_file, group, column)[row].as_py()
    except (DataError, ValueError) as error:
        raise UnreadableMemberError(Reason(code=SkipReason.DAMAGED)) from error
    return (value.get("bytes") if isinstance(value, dict) else value) or b""


def _labels_of_group(data_file: DataFile, columns: Columns, group: int) -> list[Labels | None]:
    if not columns.label:
        return [None] * len(data_file.column(group, columns.picture))
    return [_labels(value, columns.names) for value in data_file.values(group, columns.label)]


def _labels(value: Any, names: Sequence[str]) -> Labels | None:
    """Names of one row's labels; -1, null and NaN say that nobody has labelled it."""
    if isinstance(value, list):
        return tuple(_name(item, names) for item in value if not _is_blank(item))
    return None if _is_blank(value) else (_name(value, names),)


def _is_blank(value: Any) -> bool:
    return value in (None, "", -1) or (isinstance(value, float) and math.isnan(value))


def _name(value: Any, names: Sequence[str]) -> str:
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _holds_paths_only(data_file: DataFile, columns: Columns) -> bool:
    if not data_file.groups:
        return False
    first = next(iter(data_file.values(0, columns.picture, most=1)), None)
    return isinstance(first, dict) and not first.get("bytes")


def _read_paths(
    files: Sequence[_File],
    survey: Survey,
    members: Sequence[Member],
    *,
    multi_label: bool,
) -> FormatReading:
    """Read files that hold the paths of pictures instead of pictures.

    Raises:
        DataError: the pictures do not lie beside them.
    """
    annotations = []
    for (data_file, split, columns), rows in zip(files, _boxes(files), strict=True):
        of_row = iter(rows)
        for group in range(data_file.groups):
            paths = data_file.values(group, columns.picture)
            labels = _labels_of_group(data_file, columns, group)
            annotations += [
                Annotation(
                    file=str((value or {}).get("path") or ""),
                    labels=names if columns.label else _labels_of_boxes(boxes) or None,
                    split=split,
                    label_file=data_file.member.name,
                    entry=entry,
                    boxes=boxes,
                )
                for entry, (value, names) in enumerate(zip(paths, labels, strict=True), start=1)
                for boxes in islice(of_row, 1)
            ]
    if not survey.index.count([annotation.file for annotation in annotations]):
        raise DataError(
            N_(
                "{file} holds only the paths of pictures, such as {example}. Put the pictures beside it, "
                "or save the dataset with embedded pictures."
            ),
            file=members[0].name,
            example=annotations[0].file if annotations else "",
        )
    return read_annotations(annotations, survey, multi_label=multi_label, label_files=members)


HUGGING_FACE = ImportFormat(
    name="hugging_face",
    label=_TOOL,
    caption=N_("Parquet files, or a folder saved with “save_to_disk”."),
    recognise=_recognise,
    read=_read,
    has_columns=True,
)
