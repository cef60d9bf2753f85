"""TensorBoard event files of the learning curve, written as it grows.

An event file is a sequence of records: length, its checksum, an ``Event`` message in the
wire format of Protocol Buffers, its checksum. Formats: tensorflow/core/util/event.proto,
tensorflow/core/lib/io/record_writer.h. Neither TensorFlow nor TensorBoard is needed.
"""

from __future__ import annotations

import math
import shutil
import struct
import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from core.files import read_json_lines
from core.training.records import EpochMetrics, EpochRecord

_FOLDER = "tensorboard"
# Folder and prefix of its metrics; TensorBoard overlays the curves of folders.
_PREFIXES = {"training": "", "validation": "validation_"}
_CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, bits reversed
_MASK_DELTA = 0xA282EAD8


class EventFiles:
    """Event files of a run."""

    def __init__(self, directory: Path) -> None:
        self._folder, self._metrics = directory / _FOLDER, directory / "metrics.jsonl"
        self._name = ""

    def begin(self) -> None:
        """Write the files anew from ``metrics.jsonl``; a resumed run drops the epochs after its checkpoint."""
        shutil.rmtree(self._folder, ignore_errors=True)
        # A running TensorBoard only notices a new file.
        self._name = f"events.out.tfevents.{time.time_ns()}.darkroom"
        for name in _PREFIXES:
            file = self._folder / name / self._name
            file.parent.mkdir(parents=True)
            file.write_bytes(_record(_double(1, time.time()) + _bytes(3, b"brain.Event:2")))
        for values in read_json_lines(self._metrics):
            self.add(EpochRecord.from_json(values))

    def add(self, record: EpochRecord) -> None:
        """Append an epoch."""
        for name, prefix in _PREFIXES.items():
            if scalars := _scalars(record, prefix):
                with (self._folder / name / self._name).open("ab") as stream:
                    stream.write(_record(_event(record, scalars)))


def _scalars(record: EpochRecord, prefix: str) -> dict[str, float]:
    """Return the metrics of one folder, named without its prefix."""
    values = {field.name: getattr(record, field.name) for field in fields(EpochMetrics)}
    numbers = {
        name: float(value) for name, value in values.items() if value is not None and not math.isnan(value)
    }
    if prefix:
        return {
            name.removeprefix(prefix): value for name, value in numbers.items() if name.startswith(prefix)
        }
    return {name: value for name, value in numbers.items() if not name.startswith("validation_")}


def _event(record: EpochRecord, scalars: Mapping[str, float]) -> bytes:
    values = b"".join(
        _bytes(1, _bytes(1, name.encode()) + _key(2, 5) + struct.pack("<f", value))
        for name, value in scalars.items()
    )
    step = _key(2, 0) + _varint(record.epoch)
    return _double(1, time.time() if record.time is None else record.time) + step + _bytes(5, values)


# -- Protocol Buffers: a field's number and wire type, then its value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


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
