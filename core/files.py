"""Atomic files: JSON, JSON lines, hashes."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

COPY_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces ``path`` if the block succeeds.

    After a crash the file is the old one, or missing. Readers never see a partial file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Ends in the whole name, because Keras and pandas choose the format by it.
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
        is_private: other users of the machine cannot read the file (on Windows its folder decides).
    """
    with whole_file(path) as temporary:
        if is_private:
            temporary.touch(0o600)
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def append_json_line(path: Path, record: dict[str, Any]) -> None:
    """Append one record. A crash can damage only this line."""
    append_json_lines(path, [record])


def append_json_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Append records, one a line. A crash can damage only the last line that it wrote."""
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    with path.open("ab+") as stream:
        if stream.seek(0, os.SEEK_END) > 0:
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                lines = "\n" + lines
        stream.write(lines.encode())


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Read the records of a JSON-lines file; damaged lines are skipped."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            record = json.loads(line) if line else None
        except json.JSONDecodeError:
            # Damaged by a crash, or being written.
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


def keep_first_lines(path: Path, lines: int) -> None:
    """Cut a JSON-lines file after so many records; damaged lines are removed."""
    if not path.exists():
        return
    write_json_lines(path, read_json_lines(path)[:lines])


def write_json_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Replace a JSON-lines file, atomically."""
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256_bytes(data: bytes) -> str:
    """Compute the SHA-256 of bytes as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def is_sha256(text: str) -> bool:
    """True for what ``sha256_bytes`` computes; as a part of a path, it leads nowhere else."""
    return _SHA256.fullmatch(text) is not None


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    """Compute the hexadecimal digest of a file, read in chunks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def digest_of(value: Any) -> str:
    """Compute a short digest (16 hexadecimal digits) of a value that JSON can store."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
