"""Pictures that wait for a label: unsure and strange ones, in the order in which labels teach most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.dataset import Dataset
from core.prediction.doubts import Doubt
from core.prediction.queue.order import cosines, most_informative_first, most_typical_first
from core.prediction.queue.store import QueuedPicture, QueueState, queued_pictures, read_features
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Pictures that wait for a person, the most instructive first."""

    unsure: tuple[QueuedPicture, ...]
    strange: tuple[QueuedPicture, ...]
    skipped: int
    # the whole queue, in every state, the oldest first
    queued: tuple[QueuedPicture, ...]

    def __len__(self) -> int:
        return len(self.unsure) + len(self.strange)


def count_waiting(project: Project) -> int:
    """Count the pictures that wait; some may have come into the dataset since."""
    return sum(picture.state is QueueState.WAITING for picture in queued_pictures(project))


def waiting_pictures(project: Project, dataset: Dataset) -> Waiting:
    """Order the queue. Pictures that have come into the dataset are left out."""
    labelled = dataset.all_pictures
    known = set(labelled.loc[labelled["label"] != "", "sha256"])
    queued = queued_pictures(project)
    pictures = [picture for picture in queued if picture.sha256 not in known]
    waiting = [picture for picture in pictures if picture.state is QueueState.WAITING]
    return Waiting(
        unsure=_ordered(project, [picture for picture in waiting if picture.doubt is Doubt.UNSURE]),
        strange=_ordered(project, [picture for picture in waiting if picture.doubt is Doubt.STRANGE]),
        skipped=sum(picture.state is QueueState.SKIPPED for picture in pictures),
        queued=tuple(queued),
    )


def _ordered(project: Project, pictures: Sequence[QueuedPicture]) -> tuple[QueuedPicture, ...]:
    if not pictures:
        return ()
    spaces = np.array([picture.space for picture in pictures])
    similarities = cosines(read_features(project, pictures), spaces)
    if pictures[0].doubt is Doubt.STRANGE:
        order = most_typical_first(similarities)
    else:
        order = most_informative_first(_gradients(pictures), similarities)
    return tuple(pictures[index] for index in order)


def _gradients(pictures: Sequence[QueuedPicture]) -> np.ndarray:
    """Gradients by class, float32 (n, classes of all runs)."""
    names = sorted({name for picture in pictures for name in picture.gradient})
    return np.array(
        [[picture.gradient.get(name, 0.0) for name in names] for picture in pictures], np.float32
    ).reshape(len(pictures), len(names))
