"""Emptying of the queue: all of it, or what the present classifier of a run did not answer."""

from __future__ import annotations

from pathlib import Path

from core.delivery.files import parity_file, require_delivered
from core.errors import NotFoundError
from core.messages import N_
from core.prediction.queue.store import QueuedPicture, queued_pictures, remove
from core.workspace import Project, project_of


def outdated_pictures(project: Project, run: Path) -> list[QueuedPicture]:
    """Choose the pictures that another run answered, or this one before its present classifier.

    Raises:
        NotFoundError: the run is not of this project, or has no finished classifier.
    """
    if project_of(run).path != project.path:
        raise NotFoundError(
            N_("“{name}” is no run of project “{project}”."), name=run.name, project=project.name
        )
    require_delivered(run)
    delivered = parity_file(run).stat().st_mtime
    return [
        picture
        for picture in queued_pictures(project)
        if picture.run != run.name or picture.queued < delivered
    ]


def empty_queue(project: Project, keep: Path | None = None) -> int:
    """Remove pictures from the queue, with the decisions about them. It cannot be undone.

    Args:
        keep: run whose present classifier's pictures stay; None: no picture stays.
    Returns:
        The number of pictures that were removed.
    Raises:
        NotFoundError: the run to keep is not of this project, or has no finished classifier.
    """
    pictures = queued_pictures(project) if keep is None else outdated_pictures(project, keep)
    remove(project, [picture.sha256 for picture in pictures])
    return len(pictures)
