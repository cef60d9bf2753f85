"""Reader of protocol buffers without their schema: fields by number.

Enough to look through a model file before any runtime reads it. Values of fields that nobody asks
for are skipped, not copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
# Protocol buffers have no larger one; what a runtime reads of a larger key is not said.
_LARGEST_NUMBER = (1 << 29) - 1
# Bodies of control flow nest; no real model comes near.
_DEEPEST = 64


class WireError(ValueError):
    """Bytes that are not a protocol buffer."""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Parts of a message that are read: numbers of fields, with their messages."""

    name: str
    # Fields that hold messages.
    messages: dict[int, Schema] = field(default_factory=dict)
    # Fields that hold texts, bytes or whole numbers.
    values: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Part:
    """One message: its schema, and the values of its fields by number."""

    schema: Schema
    values: dict[int, list[bytes | int]]

    def text(self, number: int) -> str:
        """Return a field's last text; "" without one."""
        value = (self.values.get(number) or [b""])[-1]
        return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)

    def number(self, number: int) -> int:
        """Return a field's last number; 0 without one."""
        value = (self.values.get(number) or [0])[-1]
        return value if isinstance(value, int) else 0


def parts(data: memoryview, schema: Schema, depth: int = 0) -> Iterator[Part]:
    """Read a message and every message in it that the schema names, the inner ones first.

    Raises:
        WireError: the bytes are not such a message.
    """
    if depth > _DEEPEST:
        raise WireError("messages are nested too deep")
    values: dict[int, list[bytes | int]] = {}
    for number, value in fields(data):
        if number in schema.messages:
            if not isinstance(value, memoryview):
                raise WireError(f"field {number} of {schema.name} is not a message")
            yield from parts(value, schema.messages[number], depth + 1)
        elif number in schema.values:
            values.setdefault(number, []).append(bytes(value) if isinstance(value, memoryview) else value)
    yield Part(schema=schema, values=values)


def fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Read the fields of a message: number and value.

    Raises:
        WireError: the bytes are cut off or of another form.
    """
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if not 0 < number <= _LARGEST_NUMBER:
            raise WireError(f"a field has the number {number}")
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if kind == _BYTES:
            length, position = _varint(data, position)
        elif kind in {_FIXED_64, _FIXED_32}:
            length = 8 if kind == _FIXED_64 else 4
        else:
            raise WireError(f"a field is of the unknown type {kind}")
        if position + length > len(data):
            raise WireError("the file is cut off")
        yield number, data[position : position + length]
        position += length


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """Read a number and return the position after it."""
    value = 0
    for index, byte in enumerate(data[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise WireError("the file is cut off")
