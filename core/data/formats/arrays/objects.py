"""Objects in the tables of Hugging Face: a column with the boxes and classes of each picture.

``datasets`` stores it as a list of structs, or as a struct of lists. A box is four numbers in
pixels, as COCO writes them (left, top, width, height) or as Pascal VOC does (two corners); nothing
in the file says which. What would lead out of the pictures, or cross, tells them apart.

Source: the ``datasets`` library, "Object detection".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from core.data.formats.arrays.data_file import DataFile
from core.data.images.picture import PictureError, open_picture
from core.data.labels.boxes import Box, box_at, box_between, size_of

if TYPE_CHECKING:
    import pyarrow as pa

# Pictures whose headers are read to learn their size.
_MOST_MEASURED = 64
_BOX_NAMES = ("bbox", "bboxes", "boxes", "box")
_LABEL_NAMES = ("category", "categories", "label", "labels", "category_id", "class")


@dataclass(frozen=True, kw_only=True)
class ObjectColumn:
    """Column of objects, with the names of their fields and of the classes."""

    picture: str
    column: str
    box: str
    label: str
    names: tuple[str, ...]


class _Notation(Enum):
    """Meaning of the four numbers of a box."""

    UNKNOWN = auto()
    CORNER_AND_SIZE = auto()
    CORNERS = auto()


def object_column(schema: pa.Schema, features: Mapping[str, Any], picture: str) -> ObjectColumn | None:
    """Find the column; None without one."""
    for field in schema:
        names = _field_names(field.type)
        box = next((name for name in _BOX_NAMES if name in names), "")
        label = next((name for name in _LABEL_NAMES if name in names), "")
        if box and label:
            classes = _class_names(features.get(field.name), label)
            return ObjectColumn(picture=picture, column=field.name, box=box, label=label, names=classes)
    return None


def boxes_of_tables(tables: Sequence[tuple[DataFile, ObjectColumn]]) -> list[list[list[Box]]]:
    """Boxes of each row of each table; without an area where their notation is not known."""
    objects = [
        [_objects(row, column) for group in range(table.groups) for row in table.values(group, column.column)]
        for table, column in tables
    ]
    sizes = [_sizes(table, column) for table, column in tables]
    notation = _notation(
        (coordinates, size)
        for rows, of_table in zip(objects, sizes, strict=True)
        for row, size in zip(rows, of_table, strict=False)
        for coordinates, _ in row
    )
    return [
        [
            [_box(coordinates, _name(label, column.names), notation) for coordinates, label in row]
            for row in rows
        ]
        for rows, (_, column) in zip(objects, tables, strict=True)
    ]


def _notation(boxes: Iterable[tuple[Any, tuple[int, int]]]) -> _Notation:
    """The notation that more boxes speak for: corner and size would lead out of the picture, or corners cross."""
    evidence: Counter[_Notation] = Counter()
    for coordinates, (width, height) in boxes:
        if not _has_four(coordinates) or None in coordinates:
            continue
        left, top, third, fourth = coordinates
        if third <= left or fourth <= top:
            evidence[_Notation.CORNER_AND_SIZE] += 1
        elif left + third > width + 1 or top + fourth > height + 1:
            evidence[_Notation.CORNERS] += width > 0
    most = max(evidence.values(), default=0)
    return max(evidence, key=evidence.__getitem__) if most else _Notation.UNKNOWN


def _sizes(table: DataFile, column: ObjectColumn) -> list[tuple[int, int]]:
    """Width and height of the pictures of the first rows; (0, 0) where they are not known."""
    if not table.groups:
        return []
    if {"width", "height"} <= set(table.schema.names):
        rows = zip(table.values(0, "width"), table.values(0, "height"), strict=True)
        return [size_of(width, height) for width, height in rows]
    pictures = table.values(0, column.picture, most=_MOST_MEASURED)
    return [_measured(value.get("bytes") if isinstance(value, dict) else value) for value in pictures]


def _measured(data: bytes | None) -> tuple[int, int]:
    """Size of a picture as it is stored; boxes of one that EXIF turns are no evidence."""
    try:
        return open_picture(data or b"").size
    except PictureError:
        return (0, 0)


def _box(coordinates: Any, label: str, notation: _Notation) -> Box:
    edges = coordinates if _has_four(coordinates) and notation is not _Notation.UNKNOWN else [None] * 4
    return (box_between if notation is _Notation.CORNERS else box_at)(label, *edges)


def _objects(row: Any, column: ObjectColumn) -> list[tuple[Any, Any]]:
    """Box and label of each object of a row, in either layout."""
    if isinstance(row, Mapping):
        return list(zip(row.get(column.box) or (), row.get(column.label) or (), strict=False))
    return [(item.get(column.box), item.get(column.label)) for item in row or () if isinstance(item, Mapping)]


def _has_four(coordinates: Any) -> bool:
    return isinstance(coordinates, list) and len(coordinates) == 4


def _name(label: Any, names: Sequence[str]) -> str:
    if isinstance(label, int) and 0 <= label < len(names):
        return names[label]
    return "" if label in (None, -1) else str(label)


def _field_names(kind: pa.DataType) -> set[str]:
    """Names of the fields of a struct, or of the structs in a list."""
    from pyarrow import types

    inner = kind.value_type if types.is_list(kind) or types.is_large_list(kind) else kind
    return {field.name for field in inner} if types.is_struct(inner) else set()


def _class_names(feature: Any, label: str) -> tuple[str, ...]:
    """Names of the classes in the features that ``datasets`` notes, however they are nested."""
    while isinstance(feature, Mapping | list):
        if isinstance(feature, list):  # as older versions note a list
            feature = feature[0] if feature else None
        elif isinstance(names := feature.get("names"), list):
            return tuple(map(str, names))
        else:
            feature = feature.get(label, feature.get("feature"))
    return ()
