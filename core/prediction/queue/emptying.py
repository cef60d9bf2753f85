"""Emptying of the queue: all of it, or what the present classifier of a run did not answer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.delivery.files import parity_file, require_delivered
from core.errors import NotFoundError
from core.messages import N_
from core.prediction.queue.store import QueuedPicture, queued_pictures, remove
from core.workspace import Project, project_of


def outdated_pictures(pictures: Iterable[QueuedPicture], run: Path) -> list[QueuedPicture]:
    """Choose the pictures that another run answered, or this one before its present classifier.

    Args:
        pictures: of the queue of the run's project.
    Raises:
        NotFoundError: the run has no finished classifier.
    """
    require_delivered(run)
    delivered = parity_file(run).stat().st_mtime
    return [picture for picture in pictures if picture.run != run.name or picture.queued < delivered]


def empty_queue(project: Project, keep: Path | None = None) -> int:
    """Remove pictures from the queue, with the decisions about them. It cannot be undone.

    Args:
        keep: run whose present classifier's pictures stay; None: no picture stays.
    Returns:
        The number of pictures that were removed.
    Raises:
        NotFoundError: the run to keep is not of this project, or has no finished classifier.
    """
    if keep is not None and project_of(keep).path != project.path:
        raise NotFoundError(
            N_("“{name}” is no run of project “{project}”."), name=keep.name, project=project.name
        )
    pictures = queued_pictures(project)
    if keep is not None:
        pictures = outdated_pictures(pictures, keep)
    remove(project, [picture.sha256 for picture in pictures])
    return len(pictures)
