"""Hugging Face datasets: Parquet files, and Arrow files of ``save_to_disk``.

A column is a struct of ``bytes`` and ``path``; a label is a number with its names in the schema's
metadata, a text, or a list of either. Files are read group by group.

Source: the ``datasets`` library, features ``Image`` and ``ClassLabel``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from core.data.formats.annotations import Annotation, Labels, read_annotations
from core.data.formats.arrays.embedded import EmbeddedPicture, assigned, embedded, embedded_reading
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.label_files import split_of_path
from core.data.formats.survey import Survey, suffix_of
from core.data.import_config import ImportConfig
from core.data.labels.layout import Split
from core.data.sources.members import Member, UnreadableMemberError
from core.errors import DataError
from core.messages import N_, Message

if TYPE_CHECKING:
    import pyarrow as pa

_TOOL = "Hugging Face"
_SUFFIXES = (".parquet", ".arrow")
_LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target", "category")
_GROUPS_IN_MEMORY = 2


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Columns of pictures and labels, and the names of numbered classes."""

    picture: str
    label: str  # "" without labels
    names: tuple[str, ...]
    is_list: bool


class _DataFile:
    """A Parquet or Arrow file as groups of rows; at most a few are in memory at once."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self._source: Any = self._open()
        self.schema: pa.Schema = (
            self._source.schema_arrow if suffix_of(member.parts[-1]) == ".parquet" else self._source.schema
        )
        self.group = lru_cache(_GROUPS_IN_MEMORY)(self._group)

    @property
    def groups(self) -> int:
        source = self._source
        return source.num_row_groups if hasattr(source, "num_row_groups") else source.num_record_batches

    def columns(self, group: int, names: Sequence[str]) -> pa.Table:
        """Some columns of a group of rows; pictures are not read for their labels."""
        import pyarrow as pa

        if hasattr(self._source, "read_row_group"):
            return self._source.read_row_group(group, columns=list(names))
        return pa.Table.from_batches([self._source.get_batch(group)]).select(list(names))

    def _group(self, group: int, column: str) -> pa.ChunkedArray:
        return self.columns(group, [column]).column(column)

    def _open(self) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        member = self.member
        try:
            content = pa.OSFile(str(member.path)) if member.path else io.BytesIO(member.read())
            if suffix_of(member.parts[-1]) == ".parquet":
                return parquet.ParquetFile(content)
            return _ArrowStream(content)
        except (pa.ArrowException, OSError, UnreadableMemberError) as error:
            raise DataError(
                N_("{file} cannot be read: {error}. Download or export it again."),
                file=member.name,
                error=str(error),
            ) from error


class _ArrowStream:
    """An Arrow file or stream with random access to its batches; the batches are mapped, not copied."""

    def __init__(self, content: Any) -> None:
        import pyarrow as pa

        try:
            reader = pa.ipc.open_stream(content)
            self._batches = list(reader)
            self.schema = reader.schema
        except pa.ArrowInvalid:
            content.seek(0)
            file = pa.ipc.open_file(content)
            self._batches = [file.get_batch(index) for index in range(file.num_record_batches)]
            self.schema = file.schema
        self.num_record_batches = len(self._batches)

    def get_batch(self, index: int) -> pa.RecordBatch:
        return self._batches[index]


def _data_files(survey: Survey) -> list[Member]:
    return sorted(survey.ending(*_SUFFIXES), key=lambda member: member.name)


def _recognise(survey: Survey) -> Evidence | None:
    files = _data_files(survey)
    if not files:
        return None
    columns = _columns_of(_DataFile(files[0]))
    if columns is None:
        return None
    return Evidence(
        confidence=Confidence.CERTAIN,
        sentence=Message(
            N_("{file} has a column “{column}” of pictures"),
            {"file": files[0].name, "column": columns.picture},
        ),
    )


def _columns_of(data_file: _DataFile) -> _Columns | None:
    from pyarrow import types

    schema = data_file.schema
    pictures = [
        field.name
        for field in schema
        if types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    ] or [field.name for field in schema if types.is_binary(field.type) or types.is_large_binary(field.type)]
    if not pictures:
        return None
    features = _features(schema)
    picture = next((name for name in pictures if name in {"image", "img"}), pictures[0])
    label = next((name for name in _LABEL_COLUMNS if name in schema.names), "") or next(
        (name for name, feature in features.items() if _class_names(feature)), ""
    )
    is_list = bool(label) and types.is_list(schema.field(label).type)
    return _Columns(
        picture=picture, label=label, names=_class_names(features.get(label, {})), is_list=is_list
    )


def _features(schema: pa.Schema) -> dict[str, Any]:
    """The features that ``datasets`` notes in the schema; empty without them."""
    try:
        noted = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = noted["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _class_names(feature: Any) -> tuple[str, ...]:
    if isinstance(feature, list) and feature:  # a list of labels, as older versions note it
        feature = feature[0]
    if not isinstance(feature, dict):
        return ()
    inner = feature.get("feature")
    names = feature.get("names") or (inner.get("names") if isinstance(inner, dict) else None)
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _read(survey: Survey, config: ImportConfig) -> FormatReading:
    members = _data_files(survey)
    files = [(_DataFile(member), split_of_path(member.parts)) for member in members]
    with_columns = [
        (data_file, split, columns)
        for data_file, split in files
        if (columns := _columns_of(data_file)) is not None
    ]
    if not with_columns:
        raise DataError(
            N_("{source} has no column of pictures. Expected is one with “bytes” and “path”."),
            source=survey.source_name,
        )
    multi_label = config.multi_label or any(columns.is_list for _, _, columns in with_columns)
    if _holds_paths_only(*with_columns[0][::2]):
        return _read_paths(with_columns, survey, members, multi_label=multi_label)
    pictures = [
        picture
        for data_file, split, columns in with_columns
        for picture in _pictures(data_file, columns, split, multi_label=multi_label)
    ]
    used = [*members, *survey.named("dataset_info.json", "dataset_dict.json", "state.json")]
    return embedded_reading(pictures, survey, used, multi_label=multi_label)


def _pictures(
    data_file: _DataFile, columns: _Columns, split: Split | None, *, multi_label: bool
) -> Iterator[EmbeddedPicture]:
    number = 0
    for group in range(data_file.groups):
        for row, labels in enumerate(_labels_of_group(data_file, columns, group)):
            member = embedded(
                data_file.member, number, _reader(data_file, columns.picture, group, row), suffix="img"
            )
            yield member, assigned(labels, split, multi_label=multi_label)
            number += 1


def _reader(data_file: _DataFile, column: str, group: int, row: int) -> Callable[[], bytes]:
    def read() -> bytes:
        value = data_file.group(group, column)[row].as_py()
        return (value.get("bytes") if isinstance(value, dict) else value) or b""

    return read


def _labels_of_group(data_file: _DataFile, columns: _Columns, group: int) -> list[Labels | None]:
    names = [columns.label] if columns.label else [columns.picture]
    table = data_file.columns(group, names)
    if not columns.label:
        return [None] * table.num_rows
    return [_labels(value, columns.names) for value in table.column(columns.label).to_pylist()]


def _labels(value: Any, names: Sequence[str]) -> Labels | None:
    """Names of one row's labels; -1 and null say that nobody has labelled it."""
    if isinstance(value, list):
        return tuple(_name(item, names) for item in value)
    return None if value in (None, "", -1) else (_name(value, names),)


def _name(value: Any, names: Sequence[str]) -> str:
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return str(value)


def _holds_paths_only(data_file: _DataFile, columns: _Columns) -> bool:
    if not data_file.groups:
        return False
    values = data_file.group(0, columns.picture)
    first = values[0].as_py() if len(values) else None
    return isinstance(first, dict) and not first.get("bytes")


def _read_paths(
    files: Sequence[tuple[_DataFile, Split | None, _Columns]],
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
    for data_file, split, columns in files:
        for group in range(data_file.groups):
            paths = data_file.group(group, columns.picture).to_pylist()
            labels = _labels_of_group(data_file, columns, group)
            annotations += [
                Annotation(
                    file=str((value or {}).get("path") or ""),
                    labels=names,
                    split=split,
                    label_file=data_file.member.name,
                    entry=entry,
                )
                for entry, (value, names) in enumerate(zip(paths, labels, strict=True), start=1)
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
)
