"""Intake of the queue: pictures with an unsure or strange answer, with the features that order them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.data.dataset import open_dataset
from core.data.labels.label_sets import joined_labels
from core.delivery.decisions import Decisions
from core.delivery.files import Labels
from core.errors import NotFoundError
from core.files import sha256_bytes
from core.prediction.doubts import Doubt, doubts_of, gradient_of
from core.prediction.queue.store import (
    MOST_BYTES,
    MOST_PICTURES,
    QueuedPicture,
    is_known,
    put,
    remove_oldest,
)
from core.progress import ignore_counts
from core.workspace import Project, project_of

# Parts of a gradient that are smaller change no order.
_LEAST_GRADIENT = 0.01
_MOST_CLASSES = 20


@dataclass(frozen=True, kw_only=True)
class AnsweredPicture:
    """A picture whose answer may be doubtful; its bytes are read when they are needed."""

    name: str
    # Raises NotFoundError.
    read: Callable[[], bytes]


@dataclass(frozen=True, kw_only=True)
class Features:
    """Features of pictures by one network."""

    # float32 (n, F)
    values: np.ndarray
    # Name of the network: only features of one space are compared.
    space: str


def queue_doubtful(
    run: Path,
    labels: Labels,
    pictures: Sequence[AnsweredPicture],
    answers: Decisions,
    features_of: Callable[[Sequence[int]], Features | None],
    on_picture: Callable[[int, int], None] = ignore_counts,
) -> int:
    """Add the pictures with doubtful answers to the queue of the run's project.

    Pictures of the dataset, and those that were in the queue before, are left out. Of more than
    the queue holds, the least sure are taken.

    Args:
        labels: of the classifier that answered.
        answers: one a picture.
        features_of: features of the pictures with these indices; None: there are none.
        on_picture: called with the pictures that were looked at and all; it can raise to end the work.
    Returns:
        The number of pictures that were added.
    """
    project, doubts = project_of(run), doubts_of(labels, answers)
    rows = [row for row in np.argsort(answers.confidence, kind="stable").tolist() if doubts[row] is not None]
    chosen = _new_pictures(project, pictures, rows, on_picture)
    if not chosen:
        return 0
    features = features_of([row for row, _ in chosen])
    space = features.space if features else ""
    added = 0
    for index, (row, sha256) in enumerate(chosen):
        data = _read(pictures[row])
        if data is None or sha256_bytes(data) != sha256:
            continue
        queued = _question(labels, answers, row)
        queued = replace(queued, sha256=sha256, name=pictures[row].name, run=run.name, space=space)
        put(project, queued, data, features.values[index] if features else None)
        added += 1
    remove_oldest(project)
    return added


def known_pictures(project: Project) -> Callable[[str], bool]:
    """Make a check for contents, by SHA-256, that are in the dataset or in the queue."""
    contents = frozenset(open_dataset(project).all_pictures["sha256"])
    return lambda sha256: sha256 in contents or is_known(project, sha256)


def _new_pictures(
    project: Project,
    pictures: Sequence[AnsweredPicture],
    rows: Sequence[int],
    on_picture: Callable[[int, int], None],
) -> list[tuple[int, str]]:
    """Choose the first pictures of ``rows`` that nobody knows yet: rows with their SHA-256.

    The pictures are not kept in memory; those that are chosen are read again.
    """
    is_known_here, taken = known_pictures(project), set[str]()
    chosen: list[tuple[int, str]] = []
    for index, row in enumerate(rows):
        on_picture(index, len(rows))
        data = _read(pictures[row])
        if data is None or len(data) > MOST_BYTES:
            continue
        sha256 = sha256_bytes(data)
        if sha256 in taken or is_known_here(sha256):
            continue
        taken.add(sha256)
        chosen.append((row, sha256))
        if len(chosen) == MOST_PICTURES:
            break
    return chosen


def _read(picture: AnsweredPicture) -> bytes | None:
    """Read a picture; None if it was moved since it was answered."""
    try:
        return picture.read()
    except NotFoundError:
        return None


def _question(labels: Labels, answers: Decisions, row: int) -> QueuedPicture:
    """Describe one doubtful answer; the caller adds the picture."""
    one = slice(row, row + 1)
    (answer,) = joined_labels(answers.predicted[one], labels.class_names)
    gradient = gradient_of(answers, row)
    largest = np.argsort(-np.abs(gradient), kind="stable")[:_MOST_CLASSES].tolist()
    return QueuedPicture(
        sha256="",
        name="",
        run="",
        doubt=Doubt.STRANGE if answers.is_stranger[row] else Doubt.UNSURE,
        answer=answer,
        confidence=float(answers.confidence[row]),
        gradient={
            labels.class_names[index]: round(float(gradient[index]), 4)
            for index in largest
            if abs(gradient[index]) > _LEAST_GRADIENT
        },
        queued=time.time(),
    )
