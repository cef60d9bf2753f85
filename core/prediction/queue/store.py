"""Store of the queue: one record, one picture and its features a content, in ``PROJECT/queue/``.

Each file is written as a whole and named by the content's SHA-256. Sessions and batches add at the
same time: whoever changes the queue holds its lock, and a picture that comes again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from filelock import FileLock

from core.errors import DarkroomError, NotFoundError
from core.files import whole_file
from core.messages import N_
from core.prediction.doubts import Doubt
from core.records import Record, read_record, write_record
from core.workspace import Project

# The oldest leave first.
MOST_PICTURES = 500
MOST_BYTES = 64 << 20  # of one picture
_LOCK_TIMEOUT_SECONDS = 30.0


class QueueState(StrEnum):
    """Code of what a person decided about a picture."""

    WAITING = "waiting"
    SKIPPED = "skipped"
    NONE_OF_THEM = "none_of_them"


@dataclass(frozen=True, kw_only=True)
class QueuedPicture(Record):
    """One picture that a person should look at."""

    sha256: str
    # of its file
    name: str
    run: str
    doubt: Doubt
    # label that the run gave
    answer: str
    confidence: float
    # Part of ``Answers.gradients`` that differs from 0, by class.
    gradient: Mapping[str, float] = field(default_factory=dict)
    # network of the features; "": none are stored
    space: str = ""
    # seconds since the epoch
    queued: float = 0.0
    state: QueueState = QueueState.WAITING


def queue_folder(project: Project) -> Path:
    return project.path / "queue"


def put(project: Project, picture: QueuedPicture, data: bytes, features: np.ndarray | None) -> None:
    """Add a picture, unless it is or was in the queue.

    Args:
        features: float32 (F,), in the space that the picture names.
    """
    record = _record_file(project, picture.sha256)
    with _changing(project):
        if record.exists():
            return
        with whole_file(picture_file(project, picture.sha256)) as temporary:
            temporary.write_bytes(data)
        if features is not None:
            with whole_file(_features_file(project, picture.sha256)) as temporary:
                np.save(temporary, features.astype(np.float16), allow_pickle=False)
        # Last: it makes the others valid.
        write_record(record, picture)


def queued_pictures(project: Project) -> list[QueuedPicture]:
    """List all pictures, in every state, the oldest first."""
    pictures = []
    for file in queue_folder(project).glob("[0-9a-f]*.json"):
        try:
            picture = read_record(file, QueuedPicture)
        # Removed at this moment, or written by another version: the queue goes on without it.
        except (FileNotFoundError, DarkroomError):
            continue
        # A record from elsewhere could name files outside the queue.
        if picture.sha256 == file.stem:
            pictures.append(picture)
    return sorted(pictures, key=lambda picture: (picture.queued, picture.sha256))


def is_known(project: Project, sha256: str) -> bool:
    """True for a picture that is or was in the queue."""
    return _record_file(project, sha256).exists()


def remove_oldest(project: Project) -> None:
    """Remove what exceeds ``MOST_PICTURES``."""
    pictures = queued_pictures(project)
    remove(project, [picture.sha256 for picture in pictures[: max(0, len(pictures) - MOST_PICTURES)]])


def set_state(project: Project, contents: Iterable[str], state: QueueState) -> None:
    """Record the decision about pictures; they stay, so that it can be taken back.

    One that was removed meanwhile, because somebody else labelled it, does not come back.
    """
    with _changing(project):
        for picture in _chosen(project, contents):
            write_record(_record_file(project, picture.sha256), replace(picture, state=state))


def remove(project: Project, contents: Iterable[str]) -> None:
    """Remove pictures from the queue and from the disk."""
    with _changing(project):
        for sha256 in contents:
            # First: without it the others count for nothing.
            for file in (_record_file, picture_file, _features_file):
                file(project, sha256).unlink(missing_ok=True)


def read_picture(project: Project, sha256: str) -> bytes:
    """Read a queued picture's file.

    Raises:
        NotFoundError: it is in the queue no more.
    """
    try:
        return picture_file(project, sha256).read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(
            N_("This picture is no longer in the queue. Somebody else has labelled it.")
        ) from error


def read_features(project: Project, pictures: Iterable[QueuedPicture]) -> np.ndarray:
    """Read features, float32 (n, F); rows without any are 0, shorter ones are filled with 0."""
    rows = [_features_of(project, picture) for picture in pictures]
    features = np.zeros((len(rows), max((len(row) for row in rows), default=0)), np.float32)
    for target, row in zip(features, rows, strict=True):
        target[: len(row)] = row
    return features


def picture_file(project: Project, sha256: str) -> Path:
    return queue_folder(project) / f"{sha256}.picture"


@contextmanager
def _changing(project: Project) -> Iterator[None]:
    queue_folder(project).mkdir(parents=True, exist_ok=True)
    with FileLock(queue_folder(project) / ".lock", timeout=_LOCK_TIMEOUT_SECONDS):
        yield


def _record_file(project: Project, sha256: str) -> Path:
    return queue_folder(project) / f"{sha256}.json"


def _features_file(project: Project, sha256: str) -> Path:
    return queue_folder(project) / f"{sha256}.npy"


def _features_of(project: Project, picture: QueuedPicture) -> np.ndarray:
    try:
        stored: np.ndarray = np.load(_features_file(project, picture.sha256), allow_pickle=False)
    except (FileNotFoundError, ValueError):
        return np.zeros(0, np.float32)
    return stored.astype(np.float32)


def _chosen(project: Project, contents: Iterable[str]) -> list[QueuedPicture]:
    wanted = set(contents)
    return [picture for picture in queued_pictures(project) if picture.sha256 in wanted]
