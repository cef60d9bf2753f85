"""Assisted labelling: groups of similar pictures, with classes suggested from the labels so far.

A worker (``prepare_labelling``) computes features and neighbours of the pictures and groups of
the unlabelled ones, and stores them with the dataset. From these and the current labels, a page
suggests the next group to label and its class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import Dataset, open_dataset
from core.data.labels.task import Task
from core.doctor.examination import pictures_to_examine
from core.doctor.features.neighbours import similar_rows
from core.doctor.features.projection import project_to_plane
from core.doctor.features.reduction import reduced_features
from core.doctor.features.row_cache import CachedRows, read_rows, write_rows
from core.doctor.job import expected_seconds_by_stage, picture_features
from core.doctor.labelling.grouping import SimilarGroup, group_similar
from core.doctor.labelling.suggestions import (
    UNLABELLED,
    Suggestions,
    most_informative_first,
    suggest_labels,
)
from core.doctor.records import GroupingResult, VersionRequest
from core.models.backbones import DEFAULT_BACKBONE
from core.progress import Progress, Stage
from core.records import JsonObject
from core.workspace import project_of

# Names of cache files.
_POINTS, _NEIGHBOURS, _GROUPS = "look-points", "look-alikes", "look-groups"
# Label sets of multi-label datasets are suggested as a whole: at most so many, each with so many pictures.
_MAX_SETS, _MIN_PICTURES_OF_SET = 50, 2
# Of pictures that had a label.
_NO_GROUP = -1
# Of a group's pictures must have a labelled neighbour. Below, 1 of 12 suggestions for groups of digits
# was right, above 16 of 18.
_MIN_LINKED = 0.25
# Pictures among which the most informative one is searched.
_MAX_CANDIDATES = 2000


@dataclass(frozen=True, kw_only=True)
class LabellingData:
    """Reduced features, neighbours and groups of n pictures, computed by a worker."""

    # str (n,).
    ids: np.ndarray
    # Reduced features, float32 (n, D).
    points: np.ndarray
    # Rows of the nearest pictures, int64 (n, k).
    neighbours: np.ndarray
    # Number of the group (-1: none) and index in it, int64 (n, 2).
    groups: np.ndarray


@dataclass(frozen=True, kw_only=True)
class LabelGroup:
    """Similar unlabelled pictures. The most coherent group has the lowest number."""

    number: int
    # The most typical first.
    ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LabelSuggestions:
    """Class probabilities of each prepared picture."""

    # Classes with a labelled picture; in a multi-label dataset, label sets.
    class_names: tuple[str, ...]
    # A row for each id, a column for each class; no column if ``is_empty``.
    probabilities: pd.DataFrame
    # bool for each id: one of its neighbours has a label.
    linked: pd.Series

    @property
    def is_empty(self) -> bool:
        """True while fewer than two classes have labels, so there is nothing to distinguish."""
        return len(self.class_names) < 2

    def covers(self, ids: Sequence[str]) -> bool:
        """True if labelled pictures are similar to these; otherwise they may be of a new class."""
        return not self.is_empty and bool(
            self.linked.reindex(list(ids), fill_value=False).mean() >= _MIN_LINKED
        )


def prepare_labelling(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: compute features of a version (``VersionRequest``) and group its unlabelled pictures."""
    project = project_of(directory)
    dataset = pictures_to_examine(open_dataset(project, VersionRequest.from_json(config).version))
    progress.plan(expected_seconds_by_stage(dataset))
    features = picture_features(dataset, progress)
    if features is None:
        return GroupingResult(groups=0, with_features=False).to_json()
    progress.stage(Stage.CHECKING)
    points = reduced_features(features, progress)
    neighbours = similar_rows(points, progress)
    unlabelled = np.flatnonzero(dataset.pictures["label"] == "")
    known = neighbours if len(unlabelled) == len(points) else None
    groups = _grouped(points[unlabelled], known, progress)
    numbers = _numbered(groups, unlabelled, len(points))
    ids = dataset.pictures["id"].to_numpy(np.str_)
    for name, values in ((_POINTS, points), (_NEIGHBOURS, neighbours), (_GROUPS, numbers)):
        write_rows(dataset.folder, name, DEFAULT_BACKBONE, CachedRows(ids=ids, values=values))
    return GroupingResult(groups=len(groups), with_features=True).to_json()


def read_labelling_data(dataset_folder: Path) -> LabellingData | None:
    """Read the newest result of the worker; None without any."""
    points, neighbours, groups = (
        read_rows(dataset_folder, name, DEFAULT_BACKBONE) for name in (_POINTS, _NEIGHBOURS, _GROUPS)
    )
    if points is None or neighbours is None or groups is None:
        return None
    # Between the writing of two files, they are of different versions.
    if not len(points.ids) == len(neighbours.ids) == len(groups.ids):
        return None
    return LabellingData(
        ids=points.ids, points=points.values, neighbours=neighbours.values, groups=groups.values
    )


def labelling_data_time(dataset_folder: Path) -> int:
    """Return the time of the newest result, in nanoseconds; 0 without any."""
    files = (dataset_folder / "doctor").glob(f"{_GROUPS}-*.npz")
    return max((file.stat().st_mtime_ns for file in files), default=0)


def open_groups(labelling_data: LabellingData, dataset: Dataset) -> list[LabelGroup]:
    """List the groups, without pictures that have a label now."""
    numbers, indices = labelling_data.groups.T
    rows = np.flatnonzero(_waiting(labelling_data, dataset) & (numbers != _NO_GROUP))
    ids: dict[int, list[str]] = {}
    for row in rows[np.lexsort((indices[rows], numbers[rows]))]:
        ids.setdefault(int(numbers[row]), []).append(str(labelling_data.ids[row]))
    return [LabelGroup(number=number, ids=tuple(members)) for number, members in ids.items()]


def labels_suggested(labelling_data: LabellingData, dataset: Dataset) -> LabelSuggestions:
    """Suggest classes for every prepared picture from the labels so far."""
    labels = _labels(labelling_data, dataset)
    names = _suggestible(labels, dataset)
    linked = pd.Series((labels != "")[labelling_data.neighbours].any(axis=1), index=labelling_data.ids)
    if len(names) < 2:
        return LabelSuggestions(
            class_names=names, probabilities=pd.DataFrame(index=labelling_data.ids), linked=linked
        )
    codes = pd.Categorical(labels, categories=list(names)).codes.astype(np.int64)
    probabilities = suggest_labels(
        labelling_data.points, labelling_data.neighbours, codes, len(names)
    ).probabilities
    table = pd.DataFrame(probabilities, index=labelling_data.ids, columns=list(names))
    return LabelSuggestions(class_names=names, probabilities=table, linked=linked)


def _suggestible(labels: np.ndarray, dataset: Dataset) -> tuple[str, ...]:
    """Labels to suggest: the classes or, for multi-label datasets, frequent sets of classes."""
    if dataset.task is Task.MULTI_LABEL:
        sets = Counter(label for label in labels if label)
        return tuple(label for label, count in sets.most_common(_MAX_SETS) if count >= _MIN_PICTURES_OF_SET)
    return tuple(name for name in dataset.all_class_names if (labels == name).any())


def most_useful_group(
    groups: list[LabelGroup], labelling_data: LabellingData, dataset: Dataset, suggestions: LabelSuggestions
) -> LabelGroup:
    """Choose the group with the most informative picture; without suggestions, the first group."""
    if suggestions.is_empty:
        return groups[0]
    random = np.random.default_rng(0)
    of_groups = np.flatnonzero(
        np.isin(labelling_data.ids, [identifier for group in groups for identifier in group.ids])
    )
    labelled = np.flatnonzero(_labels(labelling_data, dataset) != "")
    rows = np.concatenate([random.permutation(part)[:_MAX_CANDIDATES] for part in (of_groups, labelled)])
    codes = np.where(np.isin(rows, labelled), 0, UNLABELLED)
    shares = suggestions.probabilities.loc[labelling_data.ids[rows]].to_numpy()
    first = most_informative_first(labelling_data.points[rows], codes, Suggestions(probabilities=shares))[0]
    return next(group for group in groups if labelling_data.ids[rows[first]] in group.ids)


def _grouped(points: np.ndarray, neighbours: np.ndarray | None, progress: Progress) -> list[SimilarGroup]:
    if neighbours is None:
        neighbours = similar_rows(points, progress)
    return group_similar(points, project_to_plane(points, progress), neighbours)


def _numbered(groups: list[SimilarGroup], unlabelled: np.ndarray, count: int) -> np.ndarray:
    """Return the number of each picture's group and its index there: int64 (count, 2)."""
    numbered = np.full((count, 2), _NO_GROUP, np.int64)
    for number, group in enumerate(groups):
        rows = unlabelled[group.rows]
        numbered[rows, 0] = number
        numbered[rows, 1] = np.arange(len(rows))
    return numbered


def _labels(labelling_data: LabellingData, dataset: Dataset) -> np.ndarray:
    """Look up current labels, str (n,): "" for pictures that are unlabelled, excluded or removed."""
    pictures = dataset.all_pictures[~dataset.all_pictures["excluded"]]
    labels = pd.Series(pictures["label"].to_numpy(), index=pictures["id"])
    now: np.ndarray = labels.reindex(labelling_data.ids, fill_value="").to_numpy(dtype=object)
    return now


def _waiting(labelling_data: LabellingData, dataset: Dataset) -> np.ndarray:
    """Mark pictures that are present, not excluded and unlabelled, bool (n,)."""
    pictures = dataset.all_pictures
    open_ids = pictures["id"][(pictures["label"] == "") & ~pictures["excluded"]]
    waiting: np.ndarray = np.isin(labelling_data.ids, open_ids.to_numpy(dtype=str))
    return waiting
