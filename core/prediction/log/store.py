"""Log of answers: JSON lines in files of bounded size, ``PROJECT/answers/log-NNNNNN.jsonl``.

The newest file is appended to; when it is full the next one begins and the oldest is removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from filelock import FileLock

from core.errors import DarkroomError
from core.files import append_json_lines, read_json_lines, whole_file
from core.prediction.log.settings import log_folder
from core.records import Record
from core.workspace import Project

FILE_BYTES = 4 << 20
MOST_FILES = 16
MOST_PICTURES = 1000
MOST_PICTURE_BYTES = 16 << 20  # of one
_LOCK_TIMEOUT_SECONDS = 30.0


class AnswerSource(StrEnum):
    """Code of the place where an answer was given."""

    PAGE = "page"
    BATCH = "batch"
    API = "api"


@dataclass(frozen=True, kw_only=True)
class LoggedAnswer(Record):
    """One line of the log."""

    # seconds since the epoch
    time: float
    run: str
    source: AnswerSource
    # of the picture's file
    sha256: str
    name: str = ""
    # classes that were answered
    labels: tuple[str, ...]
    confidence: float
    # Of the features from the classes, see ``distances_of``; None: the run's file gives none.
    distance: float | None = None
    # See ``classifier_digest``; "" in lines of earlier versions.
    classifier: str = ""


def append_answers(project: Project, answers: Sequence[LoggedAnswer]) -> None:
    """Append answers to the log; the caller has looked that the project logs."""
    if not answers:
        return
    folder = log_folder(project)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".log.lock", timeout=_LOCK_TIMEOUT_SECONDS):
        files = _files(folder)
        newest = files[-1] if files else folder / "log-000001.jsonl"
        if newest.exists() and newest.stat().st_size >= FILE_BYTES:
            newest = folder / f"log-{_number(newest) + 1:06d}.jsonl"
        append_json_lines(newest, (answer.to_json() for answer in answers))
        for old in _files(folder)[:-MOST_FILES]:
            old.unlink(missing_ok=True)


def logged_answers(project: Project, run: str) -> list[LoggedAnswer]:
    """Read the answers of a run, the oldest first. Of a picture that a classifier was asked about twice, the last."""
    latest: dict[tuple[str, str], LoggedAnswer] = {}
    for answer in _lines(project):
        if answer.run == run:
            key = answer.classifier, answer.sha256
            latest.pop(key, None)
            latest[key] = answer
    return list(latest.values())


def log_size(project: Project) -> tuple[int, ...]:
    """Sizes of the log's files in bytes, which change with every answer."""
    return tuple(file.stat().st_size for file in _files(log_folder(project)))


def keep_picture(project: Project, sha256: str, data: bytes) -> None:
    """Keep a picture that was answered; the oldest give way."""
    if len(data) > MOST_PICTURE_BYTES or kept_picture(project, sha256).exists():
        return
    with whole_file(kept_picture(project, sha256)) as temporary:
        temporary.write_bytes(data)
    # Its entry gives the time; a file that vanishes meanwhile was removed by another process.
    with suppress(FileNotFoundError):
        kept = sorted(_pictures_folder(project).glob("*.picture"), key=lambda file: file.stat().st_mtime_ns)
        for old in kept[:-MOST_PICTURES]:
            old.unlink(missing_ok=True)


def kept_picture(project: Project, sha256: str) -> Path:
    """Path of a kept picture, which need not exist."""
    return _pictures_folder(project) / f"{sha256}.picture"


def forget_answers(project: Project) -> None:
    """Remove the log and the kept pictures for good."""
    folder = log_folder(project)
    if not folder.is_dir():
        return
    with FileLock(folder / ".log.lock", timeout=_LOCK_TIMEOUT_SECONDS):
        for file in _files(folder):
            file.unlink(missing_ok=True)
        shutil.rmtree(_pictures_folder(project), ignore_errors=True)


def _lines(project: Project) -> Iterator[LoggedAnswer]:
    for file in _files(log_folder(project)):
        for line in read_json_lines(file):
            # A line of another version says nothing here.
            with suppress(DarkroomError):
                yield LoggedAnswer.from_json(line)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("log-*.jsonl"))


def _number(file: Path) -> int:
    return int(file.stem.removeprefix("log-"))


def _pictures_folder(project: Project) -> Path:
    return log_folder(project) / "pictures"
