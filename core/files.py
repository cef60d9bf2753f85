"""Atomic files: JSON, JSON lines, hashes.

Owns how bytes reach the disk. Knows nothing of what they mean.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

COPY_CHUNK_BYTES = 1 << 20


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces ``path`` if the block succeeds.

    A crash leaves the old file, or none; a reader never sees half a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The whole name at the end: Keras and pandas choose the format by it.
    temporary = path.with_name(f".{uuid4().hex}.{path.name}")
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any, *, is_private: bool = False) -> None:
    """Write ``value`` as JSON, atomically.

    Args:
        is_private: no other user of the machine can read it (Windows: as its folder says).
    """
    with whole_file(path) as temporary:
        if is_private:
            temporary.touch(0o600)
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def append_json_line(path: Path, record: dict[str, Any]) -> None:
    """Append one record; a crash can tear only this line, not those before or after it."""
    line = json.dumps(record, ensure_ascii=False) + "\n"
    with path.open("ab+") as stream:
        if stream.seek(0, os.SEEK_END) > 0:
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                line = "\n" + line
        stream.write(line.encode())


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Every whole record of a JSON-lines file; a torn line is skipped."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            record = json.loads(line) if line else None
        except json.JSONDecodeError:
            continue  # torn by a crash, or being written right now
        if isinstance(record, dict):
            records.append(record)
    return records


def keep_first_lines(path: Path, lines: int) -> None:
    """Cut a JSON-lines file after so many whole records; a torn line is dropped."""
    if not path.exists():
        return
    write_json_lines(path, read_json_lines(path)[:lines])


def write_json_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Replace a JSON-lines file, atomically."""
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """The hexadecimal digest of a file, read in chunks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def digest_of(value: Any) -> str:
    """A short, stable name (16 hexadecimal digits) for a JSON-able value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
