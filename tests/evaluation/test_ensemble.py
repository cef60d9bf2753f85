"""An ensemble is measured against its best member, and refused where it could not be tested fairly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.classes import rename_class
from core.data.editing.labels import relabel
from core.data.labels.layout import Split
from core.errors import EvaluationError
from core.evaluation.comparison.differences import MetricDifference
from core.evaluation.ensemble import Gain, averaged, ensemble_gain, gain_of, normalised_weights, require_alike
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import Project
from tests.support.evaluated import evaluated_run

ACCURACY = Leading(metric=LeadingMetric())


@pytest.fixture
def dataset(digits_project: Project) -> Dataset:
    return open_dataset(digits_project)


def member(
    project: Project, dataset: Dataset, name: str, wrong: np.ndarray, sure: float = 0.8
) -> EvaluatedRun:
    return EvaluatedRun.open(evaluated_run(project, dataset, name, wrong, sure))


def rows(dataset: Dataset, part: slice) -> np.ndarray:
    """Some validation pictures, and the test pictures at the same positions."""
    return np.concatenate([dataset.rows(Split.VALIDATION)[part], dataset.rows(Split.TEST)[part]])


def test_members_that_err_on_different_pictures_outvote_each_other(
    digits_project: Project, dataset: Dataset
) -> None:
    members = [
        member(digits_project, dataset, f"run-{number}", rows(dataset, slice(number, number + 1)))
        for number in range(3)
    ]
    found = ensemble_gain(members, ACCURACY)
    assert (found.validation.first, found.validation.second) == (8 / 9, 1)
    assert (found.test.first, found.test.second) == (8 / 9, 1)
    assert found.gain is Gain.UNCONFIRMED  # one picture more may be chance


@pytest.mark.parametrize(
    ("on_validation", "on_test", "gain"),
    [
        (0.02, (0.01, 0.03), Gain.CONFIRMED),
        (0.02, (-0.01, 0.03), Gain.UNCONFIRMED),
        (0.02, (-0.03, -0.01), Gain.REFUTED),
        (0.0, (0.01, 0.03), Gain.NONE),
        (-0.02, (0.01, 0.03), Gain.NONE),
    ],
)
def test_a_gain_on_validation_is_confirmed_by_the_interval_on_the_test_pictures(
    on_validation: float, on_test: tuple[float, float], gain: Gain
) -> None:
    validation = MetricDifference(code="accuracy", first=0.9, second=0.9 + on_validation)
    test = MetricDifference(code="accuracy", first=0.9, second=0.9 + sum(on_test) / 2, interval=on_test)
    assert gain_of(validation, test) is gain


def test_a_worse_member_makes_an_ensemble_no_better(digits_project: Project, dataset: Dataset) -> None:
    """Both are wrong on the first four pictures, the second on more."""
    members = [
        member(digits_project, dataset, "run-0", rows(dataset, slice(0, 4))),
        member(digits_project, dataset, "run-1", rows(dataset, slice(0, 8))),
    ]
    found = ensemble_gain(members, ACCURACY, (2, 1))
    assert (found.best, found.gain) == ("run-0", Gain.NONE)


def test_members_of_an_older_version_are_drawn_in_the_groups_of_the_newest(
    digits_project: Project, dataset: Dataset
) -> None:
    """Pictures that were added joined groups; equal predictions still differ in no resample."""
    wrong = rows(dataset, slice(0, 4))
    groups = [f"g{row // 3}" for row in range(len(dataset.pictures))]
    newest = replace(dataset, version=2, pictures=dataset.pictures.assign(group=groups))
    older, newer = (member(digits_project, dataset, f"run-{number}", wrong) for number in range(2))
    found = ensemble_gain(
        [older, replace(newer, dataset=newest)],
        Leading(metric=LeadingMetric(kind=LeadingKind.MACRO_F1)),
    )
    assert found.best == "run-0"
    assert (found.test.difference, found.test.interval) == (0, None)


def test_probabilities_are_averaged_by_weight(digits_project: Project, dataset: Dataset) -> None:
    every = rows(dataset, slice(None))
    members = [
        member(digits_project, dataset, "run-0", np.array([], int), 0.6),
        member(digits_project, dataset, "run-1", every, 0.9),
    ]
    _validation, test = averaged(members, normalised_weights(2, (3, 1)))
    shown = test.probabilities[test.targets]
    np.testing.assert_allclose(shown, 0.75 * 0.6 + 0.25 * 0.05, rtol=1e-6)


@pytest.mark.parametrize("weights", [(1,), (1, -1), (1, 0), (1, float("nan")), (1, 1, 1)])
def test_impossible_weights_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(EvaluationError, match="weight"):
        normalised_weights(2, weights)


def test_equal_weights_are_the_default() -> None:
    assert normalised_weights(4) == (0.25,) * 4
    assert normalised_weights(2, (2, 6)) == (0.25, 0.75)


def test_runs_with_other_classes_are_refused(digits_project: Project, dataset: Dataset) -> None:
    older = member(digits_project, dataset, "run-0", np.array([], int))
    renamed = rename_class(digits_project, "3", "three")
    newer = member(digits_project, renamed, "run-1", np.array([], int))
    with pytest.raises(EvaluationError, match="know different classes"):
        require_alike([older, newer])


def test_runs_tested_on_other_labels_are_refused(digits_project: Project, dataset: Dataset) -> None:
    older = member(digits_project, dataset, "run-0", np.array([], int))
    picture = dataset.pictures["id"].iloc[dataset.rows(Split.TEST)[0]]
    changed = relabel(digits_project, [picture], "8")
    newer = member(digits_project, changed, "run-1", np.array([], int))
    with pytest.raises(EvaluationError, match="different validation or test pictures"):
        require_alike([older, newer])


def test_one_run_is_no_ensemble(digits_project: Project, dataset: Dataset) -> None:
    with pytest.raises(EvaluationError, match="2 to 8 members, not 1"):
        require_alike([member(digits_project, dataset, "run-0", np.array([], int))])
