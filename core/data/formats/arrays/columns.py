"""Columns of pictures and labels in the tables of Hugging Face."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.data.formats.arrays.data_file import DataFile
from core.data.formats.arrays.objects import ObjectColumn, object_column

if TYPE_CHECKING:
    import pyarrow as pa

_LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target", "category")
_PICTURE_COLUMNS = ("image", "img")
_MOST_CLASS_SHARE = 0.5  # of different values in a column of labels that has no known name
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF", b"II*\x00", b"MM\x00*")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Columns of pictures and labels, and the names of numbered classes."""

    picture: str
    label: str  # "" without labels
    # Other columns that may hold the labels, and whether the column was guessed among them.
    others: tuple[str, ...]
    is_guessed: bool
    names: tuple[str, ...]
    is_list: bool
    # Boxes of the pictures; None without.
    objects: ObjectColumn | None = None


def columns_of(data_file: DataFile, chosen: str = "") -> Columns | None:
    """Find the columns; None without one of pictures.

    Args:
        chosen: column of the labels that the user chose; "" to find it.
    """
    from pyarrow import types

    schema = data_file.schema
    pictures = [field.name for field in schema if types.is_struct(field.type) and _has_bytes(field.type)] or [
        field.name for field in schema if _holds_pictures(data_file, field)
    ]
    if not pictures:
        return None
    features = _features(schema)
    picture = next((name for name in _PICTURE_COLUMNS if name in pictures), pictures[0])
    known = [name for name in _LABEL_COLUMNS if name in schema.names]
    known += [name for name, feature in features.items() if _class_names(feature) and name not in known]
    if chosen in schema.names:
        known = [chosen]
    objects = object_column(schema, features, picture)
    # The classes of objects are labels already.
    candidates = known or ([] if objects else _repeating_columns(data_file, exclude=pictures))
    label = candidates[0] if candidates else ""
    return Columns(
        picture=picture,
        label=label,
        others=tuple(candidates[1:]),
        is_guessed=not known,
        names=_class_names(features.get(label, {})),
        is_list=bool(label) and _is_list(schema.field(label).type),
        objects=objects,
    )


def _has_bytes(struct: pa.StructType) -> bool:
    from pyarrow import types

    index = struct.get_field_index("bytes")
    return index >= 0 and (
        types.is_binary(struct.field(index).type) or types.is_large_binary(struct.field(index).type)
    )


def _is_text(kind: pa.DataType) -> bool:
    """True for texts, also those that pandas stores as categories."""
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _is_list(kind: pa.DataType) -> bool:
    from pyarrow import types

    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def _holds_pictures(data_file: DataFile, field: pa.Field) -> bool:
    """True for a column of bytes that begin like those of a picture."""
    from pyarrow import types

    if not (types.is_binary(field.type) or types.is_large_binary(field.type)) or not data_file.groups:
        return False
    first = next((value for value in data_file.column(0, field.name) if value.is_valid), None)
    return first is not None and first.as_py().startswith(_SIGNATURES)


def _repeating_columns(data_file: DataFile, exclude: Sequence[str]) -> list[str]:
    """Columns of texts or numbers that repeat as classes do."""
    from pyarrow import types

    names = [
        field.name
        for field in data_file.schema
        if field.name not in exclude and (_is_text(field.type) or types.is_integer(field.type))
    ]
    if not names or not data_file.groups:
        return []
    table = data_file.columns(0, names)
    counts = {name: len(table.column(name).unique()) for name in names}
    return [name for name in names if 2 <= counts[name] <= _MOST_CLASS_SHARE * table.num_rows]


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
