"""Edits of a dataset. Each writes a version, atomically; every edit except erasing can be undone.

A change reads the newest version and writes the next under a lock, so that two
changes at once both count. Labels, exclusions and classes change; a picture's part
of the split stays, and with it the test set, unless the split is drawn anew.
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
    erased_file,
    open_dataset,
    stored_path,
    thumbnail_path,
    write_version,
)
from core.data.export import remove_exports
from core.data.labels.class_names import checked_class_name, checked_label, with_new_classes
from core.data.labels.label_sets import named_classes, renamed, require_plain_names, union_of, without
from core.data.labels.task import Task
from core.data.skip_reasons import Skipped, Value
from core.data.split.splitting import SplitConfig, draw_split, first_of_group, measuring_rank
from core.data.version_record import Edit, EditKind
from core.errors import ClassNameError, NotFoundError, WorkspaceError
from core.files import read_json, write_json
from core.messages import N_
from core.workspace import Project

_LOCK_PATIENCE_SECONDS = 60.0  # the longest wait for another change: writing a large version


class Change:
    """One change in the making, on the newest version."""

    def __init__(self, project: Project, who: str) -> None:
        self._project, self._who = project, who
        self.dataset: Dataset = open_dataset(project)

    @property
    def pictures(self) -> pd.DataFrame:
        """A copy of every picture's row, to be changed and written."""
        return self.dataset.all_pictures.copy()

    def rows(self, ids: Collection[str]) -> pd.Series:
        """bool: which of ``pictures`` have these ids.

        Raises:
            NotFoundError: one of them is no picture of this project.
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
    ) -> None:
        """Make the next version of these pictures."""
        task = self.dataset.task
        names = self.dataset.all_class_names if class_names is None else class_names
        names = with_new_classes(names, set(named_classes(pictures["label"], task)))
        if (
            task is Task.MULTI_LABEL
        ):  # several labels are written in the order of the classes, which may be new
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
        )
        self.dataset = open_dataset(self._project)


@contextmanager
def changing(project: Project, who: str = "") -> Iterator[Change]:
    """Hold the project's pictures for one change.

    Raises:
        WorkspaceError: another change takes too long.
    """
    lock = FileLock(project.dataset / ".changing.lock")
    try:
        holding = lock.acquire(timeout=_LOCK_PATIENCE_SECONDS)
    except Timeout as error:
        raise WorkspaceError(
            N_("The pictures of “{name}” are being changed by another window or program. Try again."),
            name=project.name,
        ) from error
    with holding:
        yield Change(project, who or user_name())


def user_name() -> str:
    """Name of the user of this computer, for the history."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return ""


def relabel(project: Project, ids: Collection[str], label: str) -> Dataset:
    """Say that pictures show another class; "" takes their label away. A new class is made.

    Where pictures have several labels, ``label`` may name several, or none (“–”).

    Raises:
        NotFoundError, ClassNameError.
    """
    with changing(project) as change:
        label = checked_label(label, change.dataset.all_class_names, change.dataset.task)
        pictures, chosen = change.pictures, change.rows(ids)
        if (pictures.loc[chosen, "label"] == label).all():
            return change.dataset
        pictures.loc[chosen, "label"] = label
        pictures = _once_each(pictures, chosen)
        kind = EditKind.LABELLED if label else EditKind.LABELS_REMOVED
        change.write(pictures, Edit(kind=kind, values={"label": label, "count": int(chosen.sum())}))
    return change.dataset


def add_label(project: Project, ids: Collection[str], name: str) -> Dataset:
    """Say that pictures also show a class, beside what they show already. A new class is made.

    Raises:
        NotFoundError, ClassNameError.
    """
    return _change_sets(project, ids, name, lambda label, name: union_of(label, name), EditKind.LABEL_ADDED)


def take_label(project: Project, ids: Collection[str], name: str) -> Dataset:
    """Say that pictures do not show a class; one that showed nothing else shows none of the classes then.

    Raises:
        NotFoundError, ClassNameError.
    """
    return _change_sets(project, ids, name, without, EditKind.LABEL_REMOVED)


def relabel_each(project: Project, labels: dict[str, str]) -> Dataset:
    """Give each picture (by id) a label of its own, in one version: suggestions that were accepted."""
    with changing(project) as change:
        pictures, chosen = change.pictures, change.rows(labels)
        names, task = change.dataset.all_class_names, change.dataset.task
        checked = {label: checked_label(label, names, task) for label in set(labels.values())}
        new = pictures["id"].map(labels).map(checked).where(chosen, pictures["label"])
        count = int((new != pictures["label"]).sum())
        if count:
            pictures["label"] = new
            edit = Edit(kind=EditKind.SUGGESTIONS_ACCEPTED, values={"count": count})
            change.write(_once_each(pictures, chosen), edit)
    return change.dataset


def exclude(project: Project, ids: Collection[str]) -> Dataset:
    """Keep pictures, but do not learn from them."""
    return _set_excluded(project, ids, True, EditKind.EXCLUDED)


def include(project: Project, ids: Collection[str]) -> Dataset:
    """Take excluded pictures back."""
    return _set_excluded(project, ids, False, EditKind.INCLUDED)


def erase(project: Project, ids: Collection[str]) -> Dataset:
    """Delete pictures for good: from every version, and from the disk. A referenced file is left alone."""
    with changing(project) as change:
        chosen = change.rows(ids)
        doomed = change.pictures[chosen]
        left = change.pictures[~chosen]
        change.write(left, Edit(kind=EditKind.ERASED, values={"count": len(doomed)}))
        gone = doomed[~doomed["sha256"].isin(left["sha256"])]  # under another label, the file is still needed
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
    """A class without pictures, to be filled."""
    with changing(project) as change:
        clean = checked_class_name(name, change.dataset.all_class_names)
        require_plain_names([clean], change.dataset.task)
        names = with_new_classes(change.dataset.all_class_names, {clean})
        edit = Edit(kind=EditKind.CLASS_ADDED, values={"name": clean})
        change.write(change.pictures, edit, class_names=names)
    return change.dataset


def remove_class(project: Project, name: str) -> Dataset:
    """Drop a class; its pictures stay, without a label."""
    with changing(project) as change:
        _require_class(change, name)
        pictures = change.pictures
        pictures["label"] = _called_anew(change, {name: ""})
        names = [other for other in change.dataset.all_class_names if other != name]
        edit = Edit(kind=EditKind.CLASS_REMOVED, values={"name": name})
        change.write(pictures, edit, class_names=names)
    return change.dataset


def rename_class(project: Project, old: str, new: str) -> Dataset:
    """Call a class something else.

    Raises:
        NotFoundError, ClassNameError: there is no such class, or another bears the new name.
    """
    with changing(project) as change:
        _require_class(change, old)
        clean = checked_class_name(new, set(change.dataset.all_class_names) - {old})
        require_plain_names([clean], change.dataset.task)
        pictures = change.pictures
        pictures["label"] = _called_anew(change, {old: clean})
        names = [clean if name == old else name for name in change.dataset.all_class_names]
        edit = Edit(kind=EditKind.CLASS_RENAMED, values={"old": old, "new": clean})
        change.write(pictures, edit, class_names=names)
    return change.dataset


def merge_classes(project: Project, names: Collection[str], into: str) -> Dataset:
    """Make several classes one, under a name of theirs or a new one."""
    with changing(project) as change:
        for name in names:
            _require_class(change, name)
        others = set(change.dataset.all_class_names) - set(names)
        clean = checked_class_name(into, others)
        require_plain_names([clean], change.dataset.task)
        pictures = change.pictures
        before = pictures["label"]
        pictures["label"] = _called_anew(change, dict.fromkeys(names, clean))
        moved = before != pictures["label"]
        order = list(dict.fromkeys(clean if n in names else n for n in change.dataset.all_class_names))
        values = {"names": ", ".join(sorted(names)), "into": clean}
        edit = Edit(kind=EditKind.CLASSES_MERGED, values=values)
        change.write(_once_each(pictures, moved), edit, class_names=order)
    return change.dataset


def reorder_classes(project: Project, names: Sequence[str]) -> Dataset:
    """Put the classes into another order, which charts and exports follow.

    Raises:
        ClassNameError: these are not exactly the project's classes.
    """
    with changing(project) as change:
        if sorted(names) != sorted(change.dataset.all_class_names):
            raise ClassNameError(N_("The new order must name every class once."))
        change.write(change.pictures, Edit(kind=EditKind.CLASSES_REORDERED), class_names=list(names))
    return change.dataset


def redraw_split(project: Project, config: SplitConfig) -> Dataset:
    """Divide all labelled pictures afresh. Earlier results are not comparable with later ones."""
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
    """Exclude the pictures of a group that train while others of it measure."""
    with changing(project) as change:
        pictures = change.pictures
        leaking = leaking_rows(pictures)
        if leaking.any():
            pictures.loc[leaking, "excluded"] = True
            values = {"count": int(leaking.sum())}
            change.write(pictures, Edit(kind=EditKind.LEAKS_EXCLUDED, values=values))
    return change.dataset


def leaking_rows(pictures: pd.DataFrame) -> pd.Series:
    """bool: pictures learnt from whose group also stands in a part that measures more."""
    used = pictures[~pictures["excluded"] & (pictures["label"] != "") & (pictures["split"] != "")]
    leaking = used["split"] != first_of_group(used["split"], used["group"])
    return leaking.reindex(pictures.index, fill_value=False)


def restore_version(project: Project, number: int) -> Dataset:
    """Make the content of an earlier version the newest one; pictures deleted for good stay away.

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
    """Change the label of pictures that may have several, each by itself."""
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
            change.write(_once_each(pictures, changed), Edit(kind=kind, values=values))
    return change.dataset


def _called_anew(change: Change, new_names: dict[str, str]) -> pd.Series:
    """The labels with classes under new names; "" takes a class away."""
    labels = change.dataset.all_pictures["label"]
    if change.dataset.task is Task.MULTI_LABEL:
        return renamed(labels, new_names, change.dataset.all_class_names)
    return labels.replace(new_names)


def _once_each(pictures: pd.DataFrame, changed: pd.Series) -> pd.DataFrame:
    """Exclude copies of a picture whose two labels became one, so that only one is learnt from."""
    live = ~pictures["excluded"] & (pictures["label"] != "")
    # The picture that measures stays: the test set must not shrink.
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
            names=", ".join(change.dataset.all_class_names),
        )
