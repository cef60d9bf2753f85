"""Edits of a dataset. Each writes a version, atomically; every edit except erasing can be undone.

An edit reads the newest version and writes the next one under a lock, so simultaneous edits
both count. Pictures stay in their part of the split, unless the split is drawn anew; so the
test set does not change.
"""

from __future__ import annotations

import getpass
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import pandas as pd
from filelock import FileLock, Timeout

from core.data.dataset import (
    Dataset,
    Ranges,
    erased_file,
    open_dataset,
    stored_path,
    thumbnail_path,
    write_version,
)
from core.data.export import remove_exports
from core.data.formats.notes import Note
from core.data.images.channels import ChannelMapping
from core.data.labels.class_names import checked_class_name, checked_label, with_new_classes
from core.data.labels.label_sets import named_classes, renamed, require_plain_names, union_of, without
from core.data.labels.task import Task
from core.data.skip_reasons import Skipped, Value
from core.data.split.splitting import SplitConfig, draw_split, first_of_group, measuring_rank
from core.data.version_record import Edit, EditKind
from core.errors import ClassNameError, NotFoundError, WorkspaceError
from core.files import read_json, write_json
from core.messages import N_, first_of
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
            ranges: of a project's first pictures with more than 8 bits; they never change afterwards.
            channels: of a project's first pictures with many channels; they never change either.
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
            ranges=self.dataset.ranges if self.dataset.pixel_range else ranges,
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


def relabel(project: Project, ids: Collection[str], label: str) -> Dataset:
    """Set the label of pictures; "" removes it. A new class is made.

    In a multi-label dataset, ``label`` can name several classes, or none of them (“–”).

    Raises:
        NotFoundError: there is no such picture.
        ClassNameError: a new class has an invalid name.
    """
    with changing(project) as change:
        label = checked_label(label, change.dataset.all_class_names, change.dataset.task)
        pictures, chosen = change.pictures, change.rows(ids)
        if (pictures.loc[chosen, "label"] == label).all():
            return change.dataset
        pictures.loc[chosen, "label"] = label
        pictures = _without_copies(pictures, chosen)
        kind = EditKind.LABELLED if label else EditKind.LABELS_REMOVED
        change.write(pictures, Edit(kind=kind, values={"label": label, "count": int(chosen.sum())}))
    return change.dataset


def add_label(project: Project, ids: Collection[str], name: str) -> Dataset:
    """Add a class to the labels of pictures. A new class is made.

    Raises:
        NotFoundError, ClassNameError: see ``relabel``.
    """
    return _change_sets(project, ids, name, lambda label, name: union_of(label, name), EditKind.LABEL_ADDED)


def take_label(project: Project, ids: Collection[str], name: str) -> Dataset:
    """Remove a class from the labels of pictures; “–” remains where it was the only one.

    Raises:
        NotFoundError, ClassNameError: see ``relabel``.
    """
    return _change_sets(project, ids, name, without, EditKind.LABEL_REMOVED)


def relabel_each(project: Project, labels: dict[str, str]) -> Dataset:
    """Set a label for each picture (by id) in one version, to accept suggestions."""
    with changing(project) as change:
        pictures, chosen = change.pictures, change.rows(labels)
        names, task = change.dataset.all_class_names, change.dataset.task
        checked = {label: checked_label(label, names, task) for label in set(labels.values())}
        new = pictures["id"].map(labels).map(checked).where(chosen, pictures["label"])
        count = int((new != pictures["label"]).sum())
        if count:
            pictures["label"] = new
            edit = Edit(kind=EditKind.SUGGESTIONS_ACCEPTED, values={"count": count})
            change.write(_without_copies(pictures, chosen), edit)
    return change.dataset


def exclude(project: Project, ids: Collection[str]) -> Dataset:
    """Exclude pictures from training, validation and test; they stay in the dataset."""
    return _set_excluded(project, ids, True, EditKind.EXCLUDED)


def include(project: Project, ids: Collection[str]) -> Dataset:
    """Include excluded pictures again."""
    return _set_excluded(project, ids, False, EditKind.INCLUDED)


def erase(project: Project, ids: Collection[str]) -> Dataset:
    """Delete pictures from every version and from the disk; this cannot be undone. Referenced files stay."""
    with changing(project) as change:
        chosen = change.rows(ids)
        doomed = change.pictures[chosen]
        left = change.pictures[~chosen]
        change.write(left, Edit(kind=EditKind.ERASED, values={"count": len(doomed)}))
        # A picture with another label still needs its file.
        gone = doomed[~doomed["sha256"].isin(left["sha256"])]
        file = erased_file(project.dataset)
        earlier = read_json(file) if file.exists() else []
        write_json(file, sorted({*earlier, *gone["sha256"]}))
        for _, picture in gone.iterrows():
            thumbnail_path(project.dataset, picture["sha256"]).unlink(missing_ok=True)
            if not picture["location"]:
                stored_path(project.dataset, picture).unlink(missing_ok=True)
        shutil.rmtree(project.dataset / "arrays", ignore_errors=True)
        remove_exports(project)
    return open_dataset(project)


def add_class(project: Project, name: str) -> Dataset:
    """Add a class without pictures."""
    with changing(project) as change:
        clean = checked_class_name(name, change.dataset.all_class_names)
        require_plain_names([clean], change.dataset.task)
        names = with_new_classes(change.dataset.all_class_names, {clean})
        edit = Edit(kind=EditKind.CLASS_ADDED, values={"name": clean})
        change.write(change.pictures, edit, class_names=names)
    return change.dataset


def remove_class(project: Project, name: str) -> Dataset:
    """Remove a class; its pictures become unlabelled."""
    with changing(project) as change:
        _require_class(change, name)
        pictures = change.pictures
        pictures["label"] = _with_new_names(change, {name: ""})
        names = [other for other in change.dataset.all_class_names if other != name]
        edit = Edit(kind=EditKind.CLASS_REMOVED, values={"name": name})
        change.write(pictures, edit, class_names=names)
    return change.dataset


def rename_class(project: Project, old: str, new: str) -> Dataset:
    """Rename a class.

    Raises:
        NotFoundError: there is no such class.
        ClassNameError: the new name is invalid, or that of another class.
    """
    with changing(project) as change:
        _require_class(change, old)
        clean = checked_class_name(new, set(change.dataset.all_class_names) - {old})
        require_plain_names([clean], change.dataset.task)
        pictures = change.pictures
        pictures["label"] = _with_new_names(change, {old: clean})
        names = [clean if name == old else name for name in change.dataset.all_class_names]
        edit = Edit(kind=EditKind.CLASS_RENAMED, values={"old": old, "new": clean})
        change.write(pictures, edit, class_names=names)
    return change.dataset


def merge_classes(project: Project, names: Collection[str], into: str) -> Dataset:
    """Merge classes under the name of one of them or a new name."""
    with changing(project) as change:
        for name in names:
            _require_class(change, name)
        others = set(change.dataset.all_class_names) - set(names)
        clean = checked_class_name(into, others)
        require_plain_names([clean], change.dataset.task)
        pictures = change.pictures
        before = pictures["label"]
        pictures["label"] = _with_new_names(change, dict.fromkeys(names, clean))
        moved = before != pictures["label"]
        order = list(dict.fromkeys(clean if n in names else n for n in change.dataset.all_class_names))
        values = {"names": ", ".join(sorted(names)), "into": clean}
        edit = Edit(kind=EditKind.CLASSES_MERGED, values=values)
        change.write(_without_copies(pictures, moved), edit, class_names=order)
    return change.dataset


def reorder_classes(project: Project, names: Sequence[str]) -> Dataset:
    """Change the order of the classes in charts and exports.

    Raises:
        ClassNameError: ``names`` are not exactly the project's classes.
    """
    with changing(project) as change:
        if sorted(names) != sorted(change.dataset.all_class_names):
            raise ClassNameError(N_("The new order must name every class once."))
        change.write(change.pictures, Edit(kind=EditKind.CLASSES_REORDERED), class_names=list(names))
    return change.dataset


def redraw_split(project: Project, config: SplitConfig) -> Dataset:
    """Draw the split of all labelled pictures anew. Earlier results are not comparable with later ones."""
    with changing(project) as change:
        pictures = change.pictures
        labelled = pictures["label"] != ""
        split = draw_split(pictures[labelled].assign(supplied_split=""), config, change.dataset.task)
        pictures["split"] = split.reindex(pictures.index, fill_value="")
        values: dict[str, Value] = {
            "validation": f"{config.validation_fraction:.0%}",
            "test": f"{config.test_fraction:.0%}",
            "seed": config.seed,
        }
        change.write(pictures, Edit(kind=EditKind.SPLIT_REDRAWN, values=values), split=config)
    return change.dataset


def mend_leaks(project: Project) -> Dataset:
    """Exclude training pictures whose group is also in validation or test."""
    with changing(project) as change:
        pictures = change.pictures
        leaking = leaking_rows(pictures)
        if leaking.any():
            pictures.loc[leaking, "excluded"] = True
            values = {"count": int(leaking.sum())}
            change.write(pictures, Edit(kind=EditKind.LEAKS_EXCLUDED, values=values))
    return change.dataset


def leaking_rows(pictures: pd.DataFrame) -> pd.Series:
    """Mark the pictures whose group is also in a part of higher rank (see ``measuring_rank``), bool."""
    used = pictures[~pictures["excluded"] & (pictures["label"] != "") & (pictures["split"] != "")]
    leaking = used["split"] != first_of_group(used["split"], used["group"])
    return leaking.reindex(pictures.index, fill_value=False)


def restore_version(project: Project, number: int) -> Dataset:
    """Write the content of an earlier version as the newest one, without erased pictures.

    Raises:
        NotFoundError: there is no such version.
    """
    with changing(project) as change:
        earlier = open_dataset(project, number)
        edit = Edit(kind=EditKind.VERSION_RESTORED, values={"number": number})
        names = earlier.all_class_names
        change.write(earlier.all_pictures, edit, class_names=names, skipped=earlier.skipped)
    return change.dataset


def _set_excluded(project: Project, ids: Collection[str], excluded: bool, kind: EditKind) -> Dataset:
    with changing(project) as change:
        pictures = change.pictures
        chosen = change.rows(ids) & (pictures["excluded"] != excluded)
        if chosen.any():
            pictures.loc[chosen, "excluded"] = excluded
            change.write(pictures, Edit(kind=kind, values={"count": int(chosen.sum())}))
    return change.dataset


def _change_sets(
    project: Project, ids: Collection[str], name: str, change_label: Callable[[str, str], str], kind: EditKind
) -> Dataset:
    """Change the label sets of pictures, each by itself."""
    with changing(project) as change:
        if change.dataset.task is not Task.MULTI_LABEL:
            raise TypeError("a picture has one label here: use relabel")
        name = checked_label(name, change.dataset.all_class_names, Task.MULTI_LABEL)
        pictures, chosen = change.pictures, change.rows(ids)
        new = pictures["label"].map({old: change_label(old, name) for old in pictures["label"].unique()})
        changed = chosen & (new != pictures["label"])
        if changed.any():
            pictures.loc[changed, "label"] = new[changed]
            values: dict[str, Value] = {"label": name, "count": int(changed.sum())}
            change.write(_without_copies(pictures, changed), Edit(kind=kind, values=values))
    return change.dataset


def _with_new_names(change: Change, new_names: dict[str, str]) -> pd.Series:
    """Rename classes in all labels; "" removes a class."""
    labels = change.dataset.all_pictures["label"]
    if change.dataset.task is Task.MULTI_LABEL:
        return renamed(labels, new_names, change.dataset.all_class_names)
    return labels.replace(new_names)


def _without_copies(pictures: pd.DataFrame, changed: pd.Series) -> pd.DataFrame:
    """Exclude copies that now have the same label, so that each picture counts once."""
    live = ~pictures["excluded"] & (pictures["label"] != "")
    # Test before validation before training: the test set must not shrink.
    rank = pictures["split"].map(measuring_rank)
    ordered = pictures[live].assign(rank=rank[live]).sort_values("rank", kind="stable")
    copies = ordered.index[ordered.duplicated(["label", "sha256"])]
    touched = pictures.loc[changed, "sha256"]
    doomed = [row for row in copies if pictures.at[row, "sha256"] in set(touched)]
    pictures.loc[doomed, "excluded"] = True
    return pictures


def _require_class(change: Change, name: str) -> None:
    if name not in change.dataset.all_class_names:
        raise NotFoundError(
            N_("There is no class called “{name}”. There are: {names}."),
            name=name,
            names=first_of(change.dataset.all_class_names),
        )
