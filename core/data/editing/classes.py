"""Edits of the classes: add, remove, rename, merge, reorder."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from core.data.dataset import Dataset
from core.data.editing.change import Change, changing
from core.data.editing.labels import without_copies
from core.data.labels.class_names import checked_class_name, with_new_classes
from core.data.labels.label_sets import renamed, require_plain_names
from core.data.labels.task import Task
from core.data.version_record import Edit, EditKind
from core.errors import ClassNameError, NotFoundError
from core.messages import N_, first_of
from core.workspace import Project


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
        change.write(without_copies(pictures, moved), edit, class_names=order)
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


def _with_new_names(change: Change, new_names: dict[str, str]) -> pd.Series:
    """Rename classes in all labels; "" removes a class."""
    labels = change.dataset.all_pictures["label"]
    if change.dataset.task is Task.MULTI_LABEL:
        return renamed(labels, new_names, change.dataset.all_class_names)
    return labels.replace(new_names)


def _require_class(change: Change, name: str) -> None:
    if name not in change.dataset.all_class_names:
        raise NotFoundError(
            N_("There is no class called “{name}”. There are: {names}."),
            name=name,
            names=first_of(change.dataset.all_class_names),
        )
