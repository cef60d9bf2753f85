"""Cross-validation: every picture judges once, groups stay whole, test pictures stay out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.search.config import Scoring, SearchConfig
from core.search.trials.folds import folds_of, is_cross_validated, searched_rows
from core.training.config import TrainingConfig
from core.workspace import Project


def config(**changes: Any) -> SearchConfig:
    return SearchConfig(base=TrainingConfig(dataset_version=1), trials=1, **changes)


def test_every_picture_but_the_test_pictures_judges_once(digits_project: Project) -> None:
    dataset = open_dataset(digits_project)
    folds = folds_of(dataset, 5, seed=0)
    judged = np.concatenate([fold.rows(Split.VALIDATION) for fold in folds])
    assert sorted(judged) == searched_rows(dataset).tolist()
    for fold in folds:
        np.testing.assert_array_equal(fold.rows(Split.TEST), dataset.rows(Split.TEST))
        assert not set(fold.rows(Split.TRAIN)) & set(fold.rows(Split.VALIDATION))


def test_every_fold_has_every_class(digits_project: Project) -> None:
    dataset = open_dataset(digits_project)
    for fold in folds_of(dataset, 5, seed=0):
        for part in (Split.TRAIN, Split.VALIDATION):
            assert set(fold.pictures["label"].iloc[fold.rows(part)]) == set(dataset.class_names)


def test_pictures_of_one_group_judge_together(digits_project: Project) -> None:
    """Trained on a near copy, a model has seen the answer."""
    dataset = open_dataset(digits_project)
    groups = np.array([f"g{number // 3}" for number in range(len(dataset.pictures))])
    grouped = replace(dataset, pictures=dataset.pictures.assign(group=groups))
    for fold in folds_of(grouped, 4, seed=0):
        train, validation = (set(groups[fold.rows(part)]) for part in (Split.TRAIN, Split.VALIDATION))
        assert not train & (validation - set(groups[fold.rows(Split.TEST)]))


def test_classes_of_fewer_pictures_than_folds_get_as_many_folds_as_the_largest(
    digits_project: Project,
) -> None:
    """Three pictures a class are the fewest that can be learnt; scikit-learn refuses five folds of two."""
    dataset = open_dataset(digits_project)
    few = dataset.pictures.groupby(["label", "split"]).head(1)
    folds = folds_of(replace(dataset, pictures=few.reset_index(drop=True)), 5, seed=0)
    assert len(folds) == 2
    for fold in folds:
        assert len(fold.rows(Split.TRAIN)) == len(fold.rows(Split.VALIDATION)) == len(dataset.class_names)


def test_the_same_seed_deals_the_same_folds(digits_project: Project) -> None:
    dataset = open_dataset(digits_project)
    first, again, other = (
        [fold.rows(Split.VALIDATION).tolist() for fold in folds_of(dataset, 3, seed)] for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("scoring", "expected"),
    [(Scoring.AUTO, True), (Scoring.VALIDATION, False), (Scoring.CROSS_VALIDATION, True)],
)
def test_few_pictures_are_cross_validated_unless_asked_otherwise(
    digits_project: Project, scoring: Scoring, expected: bool
) -> None:
    assert is_cross_validated(config(scoring=scoring), open_dataset(digits_project)) is expected


def test_many_pictures_are_not(digits_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.search.trials.folds.SMALL_DATASET", 20)
    assert not is_cross_validated(config(), open_dataset(digits_project))
