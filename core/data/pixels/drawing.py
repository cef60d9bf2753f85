"""Range that a project's thumbnails and statistics were made with, where it was changed after the import.

The server looks at it as soon as it starts, so nothing that takes long is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from core.records import Record, read_record, write_record

_RECORD = "drawing.json"


@dataclass(frozen=True, kw_only=True)
class DrawingRecord(Record):
    """Content of ``drawing.json``, which only projects have whose range was changed."""

    pixel_range: tuple[float, float]
    # How often the range was changed: browsers keep the pictures of one.
    number: int = 0
    # Some thumbnails may have another range: they are drawn now, or the drawing was interrupted.
    is_mixed: bool = False


def drawn_range(folder: Path) -> tuple[float, float] | None:
    """Range of the thumbnails in a dataset's folder; None: that of its newest version."""
    record = _read(folder)
    return record.pixel_range if record else None


def is_mixed(folder: Path) -> bool:
    """True if some thumbnails may have another range than ``drawn_range``."""
    record = _read(folder)
    return record is not None and record.is_mixed


def drawing_number(folder: Path) -> int:
    """Count how often all thumbnails were drawn with another range."""
    record = _read(folder)
    return record.number if record else 0


def keep_drawn(folder: Path, pixel_range: tuple[float, float]) -> None:
    """Record the range of the thumbnails before a version with another one is written."""
    if _read(folder) is None:
        write_record(folder / _RECORD, DrawingRecord(pixel_range=pixel_range))


def record_begun(folder: Path) -> None:
    """Record that thumbnails are drawn with another range from now on."""
    record = _read(folder)
    if record is not None:
        write_record(folder / _RECORD, replace(record, is_mixed=True))


def record_drawn(folder: Path, pixel_range: tuple[float, float]) -> None:
    """Record that all thumbnails have been drawn with another range."""
    number = drawing_number(folder) + 1
    write_record(folder / _RECORD, DrawingRecord(pixel_range=pixel_range, number=number))


def _read(folder: Path) -> DrawingRecord | None:
    path = folder / _RECORD
    try:
        status = path.stat()
        # Two records may be written within one tick of the clock, but never in one file.
        return _read_once(path, (status.st_mtime_ns, status.st_ino))
    except FileNotFoundError:
        return None


@lru_cache(maxsize=64)
def _read_once(path: Path, _written: tuple[int, int]) -> DrawingRecord:
    return read_record(path, DrawingRecord)
