"""A dataset's training and validation pictures, dealt into folds for cross-validation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.search.config import SMALL_DATASET, Scoring, SearchConfig


def is_cross_validated(config: SearchConfig, dataset: Dataset) -> bool:
    """Whether trials are judged on folds: as asked for, or because the validation pictures are too few."""
    if config.scoring is Scoring.AUTO:
        return len(searched_rows(dataset)) < SMALL_DATASET
    return config.scoring is Scoring.CROSS_VALIDATION


def judged_rows(config: SearchConfig, dataset: Dataset) -> np.ndarray:
    """int64: the pictures by whose answers trials are judged, in the order of the answers."""
    return searched_rows(dataset) if is_cross_validated(config, dataset) else dataset.rows(Split.VALIDATION)


def searched_rows(dataset: Dataset) -> np.ndarray:
    """int64: the pictures that a search may look at, which are all but those to test with."""
    return np.flatnonzero(dataset.pictures["split"].to_numpy() != Split.TEST.value)


def folds_of(dataset: Dataset, folds: int, seed: int) -> list[Dataset]:
    """The dataset as often as there are folds, each time with another part to validate on.

    Every picture but the test pictures validates once. Classes are spread evenly over
    the folds as far as groups allow: pictures of one group stay together.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    rows = searched_rows(dataset)
    groups = dataset.pictures["group"].to_numpy()[rows]
    folds = min(folds, len(np.unique(groups)))
    if dataset.task is Task.MULTI_LABEL:
        parts = GroupKFold(folds, shuffle=True, random_state=seed).split(rows, groups=groups)
    else:
        labels = dataset.label_indices[rows]
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(rows, labels, groups)
    return [_validating_on(dataset, rows, rows[validation]) for _, validation in parts]


def _validating_on(dataset: Dataset, rows: np.ndarray, validation: np.ndarray) -> Dataset:
    split = dataset.pictures["split"].to_numpy().copy()
    split[rows], split[validation] = Split.TRAIN.value, Split.VALIDATION.value
    return replace(dataset, pictures=dataset.pictures.assign(split=split))
