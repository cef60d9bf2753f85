"""Records: frozen dataclasses stored as JSON, read and checked by one mechanism.

A record is a frozen, keyword-only dataclass that derives from ``Record``. Its type hints
are its schema: numbers, texts, enums, paths, tuples, mappings, ``Message`` and other records.
Reading refuses unknown keys, unknown enum members and values of another type; a missing
key takes the field's default. ``upgrade`` accepts what older versions wrote.

``write_record`` stores a record in a file, with the schema version and the version of
Darkroom; ``read_record`` reads it.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from functools import cache
from pathlib import Path
from typing import (
    Any,
    ClassVar,
    NamedTuple,
    Self,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from core import __version__
from core.errors import DamagedFileError, RecordError, SchemaVersionError
from core.files import write_json
from core.messages import N_, Message

# Values of JSON. `Any` where a value nests, because type checkers follow no deeper.
JsonValue: TypeAlias = str | int | float | bool | list[Any] | dict[str, Any] | None
JsonObject: TypeAlias = dict[str, Any]
_Reader = Callable[[Any, str], Any]


class _Schema(NamedTuple):
    """Readers of the fields, and the fields without a default; made once for each class."""

    readers: Mapping[str, _Reader]
    required: tuple[str, ...]


_SCHEMAS: dict[type, _Schema] = {}
# Of a value in an error.
_MAX_SHOWN_CHARACTERS = 200
_EXPECTED_TYPES = {
    str: N_("a text"),
    int: N_("a whole number"),
    float: N_("a number"),
    bool: N_("true or false"),
}


class Record:
    """Base class of records; every subclass is a frozen, keyword-only dataclass."""

    # Raised when a file in a newer format is read. Increase it when `upgrade` must tell formats apart.
    schema_version: ClassVar[int] = 1

    def to_json(self) -> JsonObject:
        """Convert the record to values that ``json`` can write, with every field."""
        return {field.name: to_json_value(getattr(self, field.name)) for field in _fields_of(type(self))}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read a record.

        Raises:
            RecordError: an unknown key, an unknown enum member, a value of another type,
                or a required key that is missing. A subclass may check its values further.
        """
        return cls._read(values, "")

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Turn what older versions of Darkroom wrote into today's keys and values."""
        return values

    @classmethod
    def _read(cls, values: Any, path: str) -> Self:
        if not isinstance(values, Mapping):
            raise _no_record(cls, values, path)
        try:
            upgraded = cls.upgrade(dict(values))
        # No version of Darkroom wrote such values.
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # Names the value that is wrong, if it can be told.
            cls._read_as_it_is(values, path)
            raise _no_record(cls, values, path) from error
        return cls._read_as_it_is(upgraded, path)

    @classmethod
    def _read_as_it_is(cls, values: Mapping[str, Any], path: str) -> Self:
        readers, required = _schema_of(cls)
        if unknown := values.keys() - readers.keys():
            raise RecordError(
                N_("Unknown setting: {names}. Known here are: {known}."),
                names=", ".join(sorted(_join(path, str(name)) for name in unknown)),
                known=", ".join(readers),
            )
        if missing := [name for name in required if name not in values]:
            raise RecordError(
                N_("Missing setting: {names}."), names=", ".join(_join(path, name) for name in missing)
            )
        return cls(**{name: readers[name](value, _join(path, name)) for name, value in values.items()})


AnyRecord = TypeVar("AnyRecord", bound=Record)


def write_record(path: Path, record: Record, *, is_private: bool = False) -> None:
    """Write a record to a file of its own, atomically.

    Args:
        is_private: other users of the machine cannot read the file.
    """
    write_json(path, stored_values(record), is_private=is_private)


def stored_values(record: Record) -> JsonObject:
    """Values of a record's file, with the schema version and the version of Darkroom."""
    header = {"schema_version": record.schema_version, "darkroom_version": __version__}
    return header | record.to_json()


def read_record(path: Path, kind: type[AnyRecord]) -> AnyRecord:
    """Read a record from its file. Without a schema version the file is of version 1.

    Raises:
        FileNotFoundError: the file does not exist.
        SchemaVersionError: a newer Darkroom wrote it, in a format or with codes unknown here.
        DamagedFileError: the content is not JSON, or not what this Darkroom would write.
    """
    return decode_record(path.read_bytes(), kind, str(path))


def decode_record(content: bytes, kind: type[AnyRecord], file: str) -> AnyRecord:
    """Read a record from the content of its file; arguments and errors as of ``read_record``.

    Args:
        file: name of the file in an error.
    """
    try:
        values = json.loads(content)
    # The second: brackets in brackets in brackets.
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(
            N_("The file {file} is damaged: {reason}"), file=file, reason=str(error)
        ) from error
    if not isinstance(values, dict):
        raise DamagedFileError(
            N_("The file {file} is damaged: {reason}"), file=file, reason=type(values).__name__
        )
    version = values.pop("schema_version", 1)
    writer = values.pop("darkroom_version", "")
    if version != kind.schema_version and not (isinstance(version, int) and version < kind.schema_version):
        raise SchemaVersionError(
            N_(
                "{file} was written by Darkroom {writer} in format {format}; this Darkroom ({current}) reads formats up to {expected}. Update Darkroom."
            ),
            file=file,
            writer=writer or "?",
            format=version,
            current=__version__,
            expected=kind.schema_version,
        )
    try:
        return kind.from_json(values)
    except RecordError as error:
        if writer in {"", __version__}:
            raise DamagedFileError(
                N_("The file {file} is damaged: {reason}"), file=file, reason=error.message
            ) from error
        raise SchemaVersionError(
            N_(
                "{file} was written by Darkroom {writer}, and this Darkroom ({current}) does not understand it: {reason} Update Darkroom."
            ),
            file=file,
            writer=writer,
            current=__version__,
            reason=error.message,
        ) from error


def to_json_value(value: Any) -> Any:
    """Convert a field's value to one that ``json`` can write."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(to_json_value(key)): to_json_value(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json_value(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "to_json"):
        return value.to_json()
    return value


def _fields_of(kind: type[Record]) -> tuple[Field[Any], ...]:
    return fields(kind)  # type: ignore[arg-type]  # every subclass is a dataclass


def _schema_of(kind: type[Record]) -> _Schema:
    if kind not in _SCHEMAS:
        hints, fields_of_kind = get_type_hints(kind), _fields_of(kind)
        _SCHEMAS[kind] = _Schema(
            readers={field.name: _reader_of(hints[field.name]) for field in fields_of_kind},
            required=tuple(field.name for field in fields_of_kind if _is_required(field)),
        )
    return _SCHEMAS[kind]


def _no_record(kind: type, value: Any, path: str) -> RecordError:
    return RecordError(
        N_("{name} is {value}; it must be a record of settings."),
        name=path or kind.__name__,
        value=repr(value)[:_MAX_SHOWN_CHARACTERS],
    )


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def _reader_of(hint: Any) -> _Reader:
    """Make the function that reads a value of JSON as the type of a hint."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return _union_reader(arguments)
    if origin is tuple:
        return _tuple_reader(arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):  # dict is a Mapping too
        return _mapping_reader(_reader_of(arguments[0]), _reader_of(arguments[1]))
    if isinstance(hint, type):
        if issubclass(hint, Record):
            return hint._read
        if issubclass(hint, Enum):
            return _enum_reader(hint)
        if hint in _EXPECTED_TYPES:
            return _plain_reader(hint)
        if hint is Path:
            return _path_reader(_plain_reader(str))
        if hasattr(hint, "from_json"):
            return _foreign_reader(hint)
    if hint is Any or origin is list:
        return lambda value, path: value
    raise TypeError(f"a record cannot have a field of type {hint!r}")


def _path_reader(read_text: _Reader) -> _Reader:
    return lambda value, path: Path(read_text(value, path))


def _foreign_reader(kind: type) -> _Reader:
    """Read a class that has ``from_json`` without being a record, such as ``Message``."""
    from_json = kind.from_json  # type: ignore[attr-defined]  # the caller has looked

    def read(value: Any, path: str) -> Any:
        try:
            return from_json(value)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _no_record(kind, value, path) from error

    return read


def _union_reader(options: tuple[Any, ...]) -> _Reader:
    others = [option for option in options if option is not type(None)]
    readers = [_reader_of(option) for option in others]

    def read(value: Any, path: str) -> Any:
        if value is None and len(others) < len(options):
            return None
        errors: list[tuple[int, RecordError]] = []
        for option, reader in zip(others, readers, strict=True):
            try:
                return reader(value, path)
            except RecordError as error:
                errors.append((_misfit(option, value), error))
        raise min(reversed(errors), key=lambda one: one[0])[1]

    return read


def _misfit(option: Any, value: Any) -> int:
    """Number of keys by which a value differs from a type of a union; the best fit names the error."""
    is_record = isinstance(option, type) and issubclass(option, Record)
    if not (is_record and isinstance(value, Mapping)):
        return sys.maxsize if is_record or isinstance(value, Mapping) else 0
    schema = _schema_of(option)
    return len(value.keys() - schema.readers.keys()) + len(set(schema.required) - value.keys())


def _tuple_reader(arguments: tuple[Any, ...]) -> _Reader:
    is_any_length = len(arguments) == 2 and arguments[1] is Ellipsis
    readers = [_reader_of(item) for item in (arguments[:1] if is_any_length else arguments)]

    def read(value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or not (is_any_length or len(value) == len(readers)):
            raise RecordError(N_("{name} is {value}; it must be a list."), name=path, value=repr(value))
        each = readers * len(value) if is_any_length else readers
        # Positions are formatted only for an error: curves and matrices have thousands of items.
        try:
            return tuple([reader(item, path) for reader, item in zip(each, value, strict=True)])
        except RecordError:
            return tuple(
                reader(item, f"{path}[{index}]")
                for index, (reader, item) in enumerate(zip(each, value, strict=True))
            )

    return read


def _mapping_reader(key: _Reader, item: _Reader) -> _Reader:
    def read(value: Any, path: str) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            raise RecordError(
                N_("{name} is {value}; it must be a record of settings."), name=path, value=repr(value)
            )
        return {key(name, path): item(content, _join(path, str(name))) for name, content in value.items()}

    return read


def _enum_reader(kind: type[Enum]) -> _Reader:
    def read(value: Any, path: str) -> Enum:
        try:
            return kind(value)
        except ValueError:
            raise RecordError(
                N_("There is no {setting} called “{name}”. Choose from: {known}."),
                setting=path,
                name=value,
                known=", ".join(str(member.value) for member in kind),
            ) from None

    return read


def _plain_reader(kind: type) -> _Reader:
    accepted: tuple[type, ...] = (int, float) if kind is float else (kind,)

    def read(value: Any, path: str) -> Any:
        # Nearly always.
        if type(value) is kind:
            return value
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise RecordError(
                N_("{name} is {value}; it must be {expected}."),
                name=path,
                value=repr(value),
                expected=Message(_EXPECTED_TYPES[kind]),
            )
        return value

    return read
