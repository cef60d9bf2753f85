"""One edit in progress: the lock, the newest version, and the next one."""

from __future__ import annotations

import getpass
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import pandas as pd
from filelock import FileLock, Timeout

from core.data.dataset import Dataset, Ranges, open_dataset, write_version
from core.data.images.channels import ChannelMapping
from core.data.labels.class_names import with_new_classes
from core.data.labels.label_sets import named_classes, renamed
from core.data.labels.task import Task
from core.data.notes import Note
from core.data.skip_reasons import Skipped
from core.data.split.splitting import SplitConfig
from core.data.version_record import Edit
from core.errors import NotFoundError, WorkspaceError
from core.messages import N_
from core.workspace import Project

# Longest wait for another edit, which may write a large version.
_LOCK_TIMEOUT_SECONDS = 60.0


class Change:
    """Edit in progress, on the newest version."""

    def __init__(self, project: Project, who: str) -> None:
        self._project, self._who = project, who
        self.dataset: Dataset = open_dataset(project)

    @property
    def pictures(self) -> pd.DataFrame:
        """Copy of all pictures' rows, to modify and write."""
        return self.dataset.all_pictures.copy()

    def rows(self, ids: Collection[str]) -> pd.Series:
        """Mark the rows of ``pictures`` with these ids, bool.

        Raises:
            NotFoundError: the project has no picture of one of the ids.
        """
        known = self.dataset.all_pictures["id"]
        for identifier in set(ids) - set(known):
            raise NotFoundError(
                N_("There is no picture “{id}” in project “{project}”. It may have been deleted."),
                id=identifier,
                project=self._project.name,
            )
        return known.isin(ids)

    def write(
        self,
        pictures: pd.DataFrame,
        edit: Edit,
        *,
        class_names: Sequence[str] | None = None,
        skipped: Sequence[Skipped] | None = None,
        split: SplitConfig | None = None,
        notes: Sequence[Note] = (),
        ranges: Ranges | None = None,
        channels: ChannelMapping | None = None,
    ) -> None:
        """Write these pictures as the next version.

        Args:
            ranges: of pictures with more than 8 bits, where they change; None: they stay.
            channels: of a project's first pictures with many channels; they never change.
        """
        task = self.dataset.task
        names = self.dataset.all_class_names if class_names is None else class_names
        names = with_new_classes(names, set(named_classes(pictures["label"], task)))
        # Label sets are stored in the order of the classes, which may be new.
        if task is Task.MULTI_LABEL:
            pictures = pictures.assign(label=renamed(pictures["label"], {}, names))
        write_version(
            self.dataset.folder,
            pictures,
            names,
            self.dataset.skipped if skipped is None else skipped,
            edit,
            who=self._who,
            task=task,
            split=split,
            notes=notes,
            ranges=ranges or self.dataset.ranges,
            channels=self.dataset.channels or channels,
        )
        self.dataset = open_dataset(self._project)


@contextmanager
def changing(project: Project, who: str = "") -> Iterator[Change]:
    """Lock the project's pictures for one edit.

    Raises:
        WorkspaceError: another edit takes too long.
    """
    lock = FileLock(project.dataset / ".changing.lock")
    try:
        acquired = lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS)
    except Timeout as error:
        raise WorkspaceError(
            N_("The pictures of “{name}” are being changed by another window or program. Try again."),
            name=project.name,
        ) from error
    with acquired:
        yield Change(project, who or user_name())


def user_name() -> str:
    """Return the name of this computer's user, for the history; "" if unknown."""
    try:
        return getpass.getuser()
    # A container's user may have no name.
    except (OSError, KeyError):
        return ""
