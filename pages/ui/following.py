"""Incremental reading of a run's growing files: each read continues where the last one ended."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic

from core.errors import DarkroomError
from core.jobs.directory import JobDirectory
from core.records import AnyRecord, read_record
from core.training.live import delivered_predictions
from core.training.records import BatchRecord, EpochRecord, LiveState

_MAX_FILES = 64


@dataclass
class GrowingFile(Generic[AnyRecord]):
    """File of JSON lines that a worker appends to, truncates or rewrites."""

    path: Path
    kind: type[AnyRecord]  # of each line
    records: list[AnyRecord] = field(default_factory=list)
    _identity: int = 0
    _offset: int = 0

    def read(self) -> list[AnyRecord]:
        """Return all complete records; a partial last line is left for the next read.

        Each line is parsed once: a page reads several times a second.
        """
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
            values = (_parsed(line) for line in whole.split(b"\n"))
            self.records.extend(self.kind.from_json(value) for value in values if isinstance(value, dict))

    def _start_again(self, identity: int) -> None:
        self.records, self._identity, self._offset = [], identity, 0


def epochs_of(job: JobDirectory) -> list[EpochRecord]:
    """Return the run's epochs from ``metrics.jsonl``, as a shared list that callers must not change."""
    return _epochs_file(job.path / "metrics.jsonl").read()


def batches_of(job: JobDirectory) -> list[BatchRecord]:
    """Return the recorded batches from ``batches.jsonl``, as a shared list that callers must not change."""
    return _batches_file(job.path / "batches.jsonl").read()


def live_of(job: JobDirectory) -> LiveState | None:
    """Return the predictions of the latest epoch on validation; None before the first."""
    try:
        return read_record(job.path / "live.json", LiveState)
    except (FileNotFoundError, DarkroomError):  # without it, a page shows less
        return None


def delivered_of(job: JobDirectory) -> LiveState | None:
    """Return the predictions of the epoch that an ended run delivers, without them if they were not written.

    A run of an older version, and one that was killed, left those of its last epoch in ``live.json``.
    """
    live, predictions = live_of(job), delivered_predictions(job.path)
    if predictions is not None:
        live = live or LiveState(epoch=predictions.epoch)
        return replace(
            live, epoch=predictions.epoch, confusion=predictions.confusion, examples=predictions.examples
        )
    if live is None or live.epoch == live.best_epoch:
        return live
    return replace(live, confusion=None, examples=())


def _parsed(line: bytes) -> object:
    """Parse a line; None for one that a crash tore."""
    try:
        return json.loads(line)
    except ValueError:
        return None


@lru_cache(maxsize=_MAX_FILES)
def _epochs_file(path: Path) -> GrowingFile[EpochRecord]:
    return GrowingFile(path, EpochRecord)


@lru_cache(maxsize=_MAX_FILES)
def _batches_file(path: Path) -> GrowingFile[BatchRecord]:
    return GrowingFile(path, BatchRecord)
