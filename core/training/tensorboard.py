"""The learning curve as TensorBoard's event files, for those who like it; written as it grows.

An event file is a row of records: length, its checksum, an ``Event`` message in the
wire format of Protocol Buffers, its checksum. Formats: tensorflow/core/util/event.proto,
tensorflow/core/lib/io/record_writer.h. Neither TensorFlow nor TensorBoard is needed.
"""

from __future__ import annotations

import shutil
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.files import read_json_lines

_FOLDER = "tensorboard"
_PARTS = {
    "training": "",
    "validation": "validation_",
}  # folders: TensorBoard lays their curves over each other
_NOT_SCALARS = {"epoch", "epochs", "phase", "time", "best_epoch", "patience_left"}
_CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, its bits turned round
_MASK_DELTA = 0xA282EAD8


class EventFiles:
    """The event files of a run."""

    def __init__(self, directory: Path) -> None:
        self._folder, self._metrics = directory / _FOLDER, directory / "metrics.jsonl"
        self._name = ""

    def begin(self) -> None:
        """Start anew with what stands in ``metrics.jsonl``: a run that goes on forgets what came after."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._name = (
            f"events.out.tfevents.{time.time_ns()}.darkroom"  # a TensorBoard that looks on sees a new file
        )
        for part in _PARTS:
            file = self._folder / part / self._name
            file.parent.mkdir(parents=True)
            file.write_bytes(_record(_double(1, time.time()) + _bytes(3, b"brain.Event:2")))
        for record in read_json_lines(self._metrics):
            self.add(record)

    def add(self, record: Mapping[str, Any]) -> None:
        """One epoch more."""
        for part, prefix in _PARTS.items():
            if scalars := _scalars(record, prefix):
                with (self._folder / part / self._name).open("ab") as stream:
                    stream.write(_record(_event(record, scalars)))


def _scalars(record: Mapping[str, Any], prefix: str) -> dict[str, float]:
    """The measures of one part, named without it."""
    numbers = {
        name: float(value)
        for name, value in record.items()
        if name not in _NOT_SCALARS and isinstance(value, int | float)
    }
    if prefix:
        return {
            name.removeprefix(prefix): value for name, value in numbers.items() if name.startswith(prefix)
        }
    return {name: value for name, value in numbers.items() if not name.startswith("validation_")}


def _event(record: Mapping[str, Any], scalars: Mapping[str, float]) -> bytes:
    values = b"".join(
        _bytes(1, _bytes(1, name.encode()) + _key(2, 5) + struct.pack("<f", value))
        for name, value in scalars.items()
    )
    step = _key(2, 0) + _varint(int(record["epoch"]))
    return _double(1, float(record.get("time", time.time()))) + step + _bytes(5, values)


# -- Protocol Buffers: a field's number and kind, then its value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


# -- records


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    masked = ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF
    return struct.pack("<I", masked)


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _bit in range(8):
            byte = byte >> 1 ^ (_CASTAGNOLI if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()
