"""A run's growing files, read from where the last look ended: hours of batches cost nothing a second time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.files import read_json
from core.jobs.directory import JobDirectory

_MOST_FILES = 64


@dataclass
class GrowingFile:
    """A file of JSON lines that a worker appends to, cuts or writes anew."""

    path: Path
    records: list[dict[str, Any]] = field(default_factory=list)
    _identity: int = 0
    _offset: int = 0

    def read(self) -> list[dict[str, Any]]:
        """All whole records up to now; a line still being written waits for the next look."""
        try:
            with self.path.open("rb") as stream:
                self._read_on(stream)
        except FileNotFoundError:
            self._start_again(0)
        return self.records

    def _read_on(self, stream: Any) -> None:
        status = self.path.stat()
        if status.st_ino != self._identity or status.st_size < self._offset:
            self._start_again(status.st_ino)
        stream.seek(self._offset)
        whole, _, _ = stream.read().rpartition(b"\n")
        if whole:
            self._offset += len(whole) + 1
            self.records.extend(_records(whole))

    def _start_again(self, identity: int) -> None:
        self.records, self._identity, self._offset = [], identity, 0


def _records(lines: bytes) -> list[dict[str, Any]]:
    found = []
    for line in lines.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue  # torn by a crash
        if isinstance(record, dict):
            found.append(record)
    return found


def epochs_of(job: JobDirectory) -> list[dict[str, Any]]:
    """The run's learning curve; see ``metrics.jsonl``. Not to be changed."""
    return _following(job.path / "metrics.jsonl").read()


def batches_of(job: JobDirectory) -> list[dict[str, Any]]:
    """Some of the run's batches; see ``batches.jsonl``. Not to be changed."""
    return _following(job.path / "batches.jsonl").read()


def live_of(job: JobDirectory) -> dict[str, Any]:
    """What the classifier answers on validation by now; empty before the first epoch."""
    try:
        return dict(read_json(job.path / "live.json"))
    except FileNotFoundError:
        return {}


@lru_cache(maxsize=_MOST_FILES)
def _following(path: Path) -> GrowingFile:
    return GrowingFile(path)
