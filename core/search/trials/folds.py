"""Folds of a dataset's training and validation pictures, for cross-validation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.search.config import SMALL_DATASET, Scoring, SearchConfig


def is_cross_validated(config: SearchConfig, dataset: Dataset) -> bool:
    """True if trials are scored on folds: the settings say so, or the dataset is small."""
    if config.scoring is Scoring.AUTO:
        return len(searched_rows(dataset)) < SMALL_DATASET
    return config.scoring is Scoring.CROSS_VALIDATION


def scored_rows(config: SearchConfig, dataset: Dataset) -> np.ndarray:
    """Rows int64 of the pictures that trials are scored on, in the order of the predictions."""
    return searched_rows(dataset) if is_cross_validated(config, dataset) else dataset.rows(Split.VALIDATION)


def searched_rows(dataset: Dataset) -> np.ndarray:
    """Rows int64 of the pictures that a search uses: all but the test pictures."""
    return np.flatnonzero(dataset.pictures["split"].to_numpy() != Split.TEST.value)


def folds_of(dataset: Dataset, folds: int, seed: int) -> list[Dataset]:
    """Copies of the dataset, one a fold, each with a different validation split.

    Every picture but the test pictures is in exactly one validation split. Pictures of one
    group stay together; classes are stratified as far as groups allow. There are at most as
    many folds as groups, and as pictures of the largest class.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    rows = searched_rows(dataset)
    groups = dataset.pictures["group"].to_numpy()[rows]
    folds = min(folds, len(np.unique(groups)))
    if dataset.task is Task.MULTI_LABEL:
        parts = GroupKFold(folds, shuffle=True, random_state=seed).split(rows, groups=groups)
    else:
        labels = dataset.label_indices[rows]
        folds = min(folds, int(np.bincount(labels).max()))
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(rows, labels, groups)
    return [_validating_on(dataset, rows, rows[validation]) for _, validation in parts]


def _validating_on(dataset: Dataset, rows: np.ndarray, validation: np.ndarray) -> Dataset:
    split = dataset.pictures["split"].to_numpy().copy()
    split[rows], split[validation] = Split.TRAIN.value, Split.VALIDATION.value
    return replace(dataset, pictures=dataset.pictures.assign(split=split))
