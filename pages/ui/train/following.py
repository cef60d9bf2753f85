"""Incremental reading of a run's growing files: each read continues where the last one ended."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.files import read_json
from core.jobs.directory import JobDirectory
from core.training.live import delivered_answers
from core.training.records import EpochRecord

_MAX_FILES = 64


@dataclass
class GrowingFile:
    """File of JSON lines that a worker appends to, truncates or rewrites."""

    path: Path
    records: list[dict[str, Any]] = field(default_factory=list)
    _parsed: tuple[list[dict[str, Any]], tuple[EpochRecord, ...]] = ([], ())  # records, and epochs of them
    _identity: int = 0
    _offset: int = 0

    def read(self) -> list[dict[str, Any]]:
        """Return all complete records; a partial last line is left for the next read."""
        try:
            with self.path.open("rb") as stream:
                self._read_on(stream)
        except FileNotFoundError:
            self._start_again(0)
        return self.records

    def epochs(self) -> tuple[EpochRecord, ...]:
        """Return the records of a learning curve; each is parsed once, because a page reads several times a second."""
        records = self.read()
        parsed, epochs = self._parsed
        if parsed is not records:  # the file was rewritten
            epochs = ()
        epochs += tuple(EpochRecord.from_json(record) for record in records[len(epochs) :])
        self._parsed = records, epochs
        return epochs

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
    records = []
    for line in lines.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue  # incomplete after a crash
        if isinstance(record, dict):
            records.append(record)
    return records


def epochs_of(job: JobDirectory) -> list[dict[str, Any]]:
    """Return the run's epochs from ``metrics.jsonl``, as a shared list that callers must not change."""
    return _following(job.path / "metrics.jsonl").read()


def epoch_records_of(job: JobDirectory) -> tuple[EpochRecord, ...]:
    """Return the run's epochs as records."""
    return _following(job.path / "metrics.jsonl").epochs()


def batches_of(job: JobDirectory) -> list[dict[str, Any]]:
    """Return the recorded batches from ``batches.jsonl``, as a shared list that callers must not change."""
    return _following(job.path / "batches.jsonl").read()


def live_of(job: JobDirectory) -> dict[str, Any]:
    """Return the predictions of the latest epoch on validation; empty before the first."""
    try:
        return dict(read_json(job.path / "live.json"))
    except FileNotFoundError:
        return {}


def delivered_of(job: JobDirectory) -> dict[str, Any]:
    """Return the predictions of the epoch that an ended run delivers; empty if they were not written.

    Runs of older versions, and killed ones, have those of their last epoch in ``live.json``.
    """
    live, answers = live_of(job), delivered_answers(job.path)
    if answers is not None:
        return live | answers.to_json()
    if live.get("epoch") == live.get("best_epoch"):
        return live
    return {name: value for name, value in live.items() if name not in {"confusion", "examples"}}


@lru_cache(maxsize=_MAX_FILES)
def _following(path: Path) -> GrowingFile:
    return GrowingFile(path)
