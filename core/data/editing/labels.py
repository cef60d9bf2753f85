"""Edits of pictures' labels, and exclusion of pictures."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pandas as pd

from core.data.dataset import Dataset
from core.data.editing.change import changing
from core.data.labels.class_names import checked_label
from core.data.labels.label_sets import union_of, without
from core.data.labels.task import Task
from core.data.skip_reasons import Value
from core.data.split.splitting import measuring_rank
from core.data.version_record import Edit, EditKind
from core.workspace import Project


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
        pictures = without_copies(pictures, chosen)
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
            change.write(without_copies(pictures, chosen), edit)
    return change.dataset


def exclude(project: Project, ids: Collection[str]) -> Dataset:
    """Exclude pictures from training, validation and test; they stay in the dataset."""
    return _set_excluded(project, ids, True, EditKind.EXCLUDED)


def include(project: Project, ids: Collection[str]) -> Dataset:
    """Include excluded pictures again."""
    return _set_excluded(project, ids, False, EditKind.INCLUDED)


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
            change.write(without_copies(pictures, changed), Edit(kind=kind, values=values))
    return change.dataset


def without_copies(pictures: pd.DataFrame, changed: pd.Series) -> pd.DataFrame:
    """Exclude copies that now have the same label, so that each picture counts once."""
    live = ~pictures["excluded"] & (pictures["label"] != "")
    # Test before validation before training: the test set must not shrink.
    rank = pictures["split"].map(measuring_rank)
    ordered = pictures[live].assign(rank=rank[live]).sort_values("rank", kind="stable")
    copies = ordered[ordered.duplicated(["label", "sha256"])]
    touched = copies["sha256"].isin(pictures.loc[changed, "sha256"])
    pictures.loc[copies.index[touched], "excluded"] = True
    return pictures
