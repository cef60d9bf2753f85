"""Assisted labelling: groups of similar pictures, with classes suggested from the labels so far.

A worker (``prepare_labelling``) computes features of the pictures, neighbours and groups
of the unlabelled ones, and stores them with the dataset. From that and the labels of the moment
a page tells what to label next and as what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.dataset import Dataset, open_dataset
from core.data.labels.task import Task
from core.doctor.examination import pictures_to_examine
from core.doctor.features.neighbours import look_alikes
from core.doctor.features.projection import project_to_plane
from core.doctor.features.reduction import reduced_features
from core.doctor.features.row_cache import CachedRows, read_rows, write_rows
from core.doctor.job import expected_seconds_by_stage, picture_features
from core.doctor.labelling.grouping import LookGroup, group_by_look
from core.doctor.labelling.suggestions import (
    UNLABELLED,
    Suggestions,
    most_informative_first,
    suggest_labels,
)
from core.models.backbones import DEFAULT_BACKBONE
from core.progress import Progress, Stage
from core.workspace import project_of

_POINTS, _ALIKE, _GROUPS = "look-points", "look-alikes", "look-groups"
# Of labels that name several classes, which are suggested: as a whole, as if each were a class.
_MOST_SETS, _LEAST_OF_A_SET = 50, 2
_NO_GROUP = -1  # of pictures that had a label already
# Of a group's pictures, with a labelled one among those that look most like them: below, what was
# suggested for groups of digits was right once in twelve times, above in 16 of 18.
_LEAST_LINKED = 0.25
_LOOKED_THROUGH = 2000  # pictures among which the most informative is sought: enough, and fast


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Reduced features, neighbours and groups of n pictures, computed by a worker."""

    ids: np.ndarray  # str (n,)
    points: np.ndarray  # float32 (n, D), reduced features
    alike: np.ndarray  # int64 (n, k), rows of those that look most like each
    groups: np.ndarray  # int64 (n, 2): number of the group, -1 for none, and the place in it


@dataclass(frozen=True, kw_only=True)
class LabelGroup:
    """Unlabelled pictures that look alike. Numbers begin with the group that stands most apart."""

    number: int
    ids: tuple[str, ...]  # the most typical first


@dataclass(frozen=True, kw_only=True)
class LabelSuggestions:
    """Class probabilities of each prepared picture."""

    class_names: tuple[str, ...]  # those that have a labelled picture; with several labels, sets of them
    probabilities: pd.DataFrame  # a row for each id, a column for each class; none where it is empty
    linked: pd.Series  # bool, for each id: of the pictures that look most like it, one has a label

    @property
    def is_empty(self) -> bool:
        """True while fewer than two classes have labels: then nothing can be told apart."""
        return len(self.class_names) < 2

    def know(self, ids: Sequence[str]) -> bool:
        """True if labelled pictures are similar to these; otherwise they can be of a new class."""
        return not self.is_empty and bool(
            self.linked.reindex(list(ids), fill_value=False).mean() >= _LEAST_LINKED
        )


def prepare_labelling(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Job step: compute features of the pictures of ``config["version"]`` and group the unlabelled ones."""
    project = project_of(directory)
    dataset = pictures_to_examine(open_dataset(project, int(config["version"])))
    progress.plan(expected_seconds_by_stage(dataset))
    features = picture_features(dataset, progress)
    if features is None:
        return {"groups": 0, "with_features": False}
    progress.stage(Stage.CHECKING)
    points = reduced_features(features, progress)
    alike = look_alikes(points, progress)
    unlabelled = np.flatnonzero(dataset.pictures["label"] == "")
    found = _grouped(points[unlabelled], alike if len(unlabelled) == len(points) else None, progress)
    groups = _numbered(found, unlabelled, len(points))
    ids = dataset.pictures["id"].to_numpy(np.str_)
    for name, values in ((_POINTS, points), (_ALIKE, alike), (_GROUPS, groups)):
        write_rows(dataset.folder, name, DEFAULT_BACKBONE, CachedRows(ids=ids, values=values))
    return {"groups": len(found), "with_features": True}


def read_looks(dataset_folder: Path) -> Looks | None:
    """Read the newest result of the worker; None without any."""
    kept = [read_rows(dataset_folder, name, DEFAULT_BACKBONE) for name in (_POINTS, _ALIKE, _GROUPS)]
    points, alike, groups = kept
    if points is None or alike is None or groups is None or len({len(rows.ids) for rows in kept if rows}) > 1:
        return None
    return Looks(ids=points.ids, points=points.values, alike=alike.values, groups=groups.values)


def looks_written(dataset_folder: Path) -> int:
    """Time of the newest result, in nanoseconds; 0 without any."""
    files = (dataset_folder / "doctor").glob(f"{_GROUPS}-*.npz")
    return max((file.stat().st_mtime_ns for file in files), default=0)


def open_groups(looks: Looks, dataset: Dataset) -> list[LabelGroup]:
    """The groups, reduced to pictures that are still unlabelled."""
    numbers, places = looks.groups.T
    rows = np.flatnonzero(_waiting(looks, dataset) & (numbers != _NO_GROUP))
    ids: dict[int, list[str]] = {}
    for row in rows[np.lexsort((places[rows], numbers[rows]))]:
        ids.setdefault(int(numbers[row]), []).append(str(looks.ids[row]))
    return [LabelGroup(number=number, ids=tuple(members)) for number, members in ids.items()]


def labels_suggested(looks: Looks, dataset: Dataset) -> LabelSuggestions:
    """Suggest classes for every prepared picture from the labels so far."""
    labels = _labels(looks, dataset)
    names = _suggestible(labels, dataset)
    linked = pd.Series((labels != "")[looks.alike].any(axis=1), index=looks.ids)
    if len(names) < 2:
        return LabelSuggestions(class_names=names, probabilities=pd.DataFrame(index=looks.ids), linked=linked)
    codes = pd.Categorical(labels, categories=list(names)).codes.astype(np.int64)
    found = suggest_labels(looks.points, looks.alike, codes, len(names)).probabilities
    table = pd.DataFrame(found, index=looks.ids, columns=list(names))
    return LabelSuggestions(class_names=names, probabilities=table, linked=linked)


def _suggestible(labels: np.ndarray, dataset: Dataset) -> tuple[str, ...]:
    """Labels to suggest: the classes or, for multi-label datasets, frequent sets of classes."""
    if dataset.task is Task.MULTI_LABEL:
        sets = Counter(label for label in labels if label)
        return tuple(label for label, count in sets.most_common(_MOST_SETS) if count >= _LEAST_OF_A_SET)
    return tuple(name for name in dataset.all_class_names if (labels == name).any())


def most_useful_group(
    groups: list[LabelGroup], looks: Looks, dataset: Dataset, suggestions: LabelSuggestions
) -> LabelGroup:
    """The group with the most informative picture; without suggestions, the first group."""
    if suggestions.is_empty:
        return groups[0]
    random = np.random.default_rng(0)
    of_groups = np.flatnonzero(
        np.isin(looks.ids, [identifier for group in groups for identifier in group.ids])
    )
    labelled = np.flatnonzero(_labels(looks, dataset) != "")
    rows = np.concatenate([random.permutation(part)[:_LOOKED_THROUGH] for part in (of_groups, labelled)])
    codes = np.where(np.isin(rows, labelled), 0, UNLABELLED)
    shares = suggestions.probabilities.loc[looks.ids[rows]].to_numpy()
    first = most_informative_first(looks.points[rows], codes, Suggestions(probabilities=shares))[0]
    return next(group for group in groups if looks.ids[rows[first]] in group.ids)


def _grouped(points: np.ndarray, alike: np.ndarray | None, progress: Progress) -> list[LookGroup]:
    if alike is None:
        alike = look_alikes(points, progress)
    return group_by_look(points, project_to_plane(points, progress), alike)


def _numbered(found: list[LookGroup], unlabelled: np.ndarray, count: int) -> np.ndarray:
    """Group of each picture and its index there: int64 (count, 2)."""
    numbered = np.full((count, 2), _NO_GROUP, np.int64)
    for number, group in enumerate(found):
        rows = unlabelled[group.rows]
        numbered[rows, 0] = number
        numbered[rows, 1] = np.arange(len(rows))
    return numbered


def _labels(looks: Looks, dataset: Dataset) -> np.ndarray:
    """str (n,): the label of each picture now; "" where it has none, is excluded or gone."""
    pictures = dataset.all_pictures[~dataset.all_pictures["excluded"]]
    labels = pd.Series(pictures["label"].to_numpy(), index=pictures["id"])
    now: np.ndarray = labels.reindex(looks.ids, fill_value="").to_numpy(dtype=object)
    return now


def _waiting(looks: Looks, dataset: Dataset) -> np.ndarray:
    """bool (n,): there, not excluded, and without label."""
    pictures = dataset.all_pictures
    open_ids = pictures["id"][(pictures["label"] == "") & ~pictures["excluded"]]
    waiting: np.ndarray = np.isin(looks.ids, open_ids.to_numpy(dtype=str))
    return waiting
