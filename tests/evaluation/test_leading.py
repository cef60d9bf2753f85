"""The metric that leads in a project, on test pictures."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.comparison.differences import leading_difference
from core.evaluation.leading import (
    Leading,
    choose_metric,
    leading_metric,
    least_cost_answers,
    least_cost_value,
    majority_value,
)
from core.evaluation.metrics.intervals import bootstrap_interval, fraction_interval
from core.evaluation.metrics.measuring import measure
from core.evaluation.metrics.predictions import TestPredictions
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import Project
from tests.support.predictions import multi_class

NAMES = ("cat", "dog", "fox")
RECALL = LeadingMetric(kind=LeadingKind.RECALL, class_names=NAMES, class_name="dog")


def some_test(pictures: int = 200) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, pictures)
    probabilities = random.dirichlet(np.ones(3), pictures) + np.eye(3)[labels] * 0.3
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("code", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_value_and_interval_are_those_of_the_report(code: str) -> None:
    """The same metric stands on the page twice, so it must not differ."""
    labels, probabilities = some_test()
    test = multi_class(labels.tolist(), probabilities.tolist(), groups=(np.arange(200) // 4).tolist())
    leading, measures = Leading(metric=LeadingMetric(kind=LeadingKind(code))), measure(test)
    assert leading.value(test) == pytest.approx(measures.values[code], abs=1e-12)
    assert leading.interval(test) == pytest.approx(measures.intervals[code], abs=1e-9)


def test_the_interval_of_a_recall_counts_only_pictures_of_the_class() -> None:
    labels, probabilities = some_test()
    test = multi_class(labels.tolist(), probabilities.tolist())
    shows, given = test.targets[:, 1], test.predicted[:, 1]
    expected = fraction_interval(given[shows], np.arange(shows.sum()))
    assert Leading(metric=RECALL).interval(test) == pytest.approx(expected)


def few_groups(found: list[int]) -> TestPredictions:
    """Eight groups of five pictures show a dog, of which so many are found; 200 single pictures show a cat."""
    given = [int(number < count) for count in found for number in range(5)]
    groups = [*np.repeat(range(8), 5).tolist(), *range(8, 208)]
    return multi_class([1] * 40 + [0] * 200, predicted=[*given, *[0] * 195, *[1] * 5], groups=groups)


def test_the_f1_of_a_class_has_the_interval_of_its_class_report() -> None:
    """Of 208 groups, 13 say something about the class: the interval knows that these are few."""
    test = few_groups([5, 5, 4, 0, 5, 3, 5, 1])
    metric = LeadingMetric(kind=LeadingKind.F1, class_names=("cat", "dog"), class_name="dog")
    assert Leading(metric=metric).interval(test) == pytest.approx(measure(test).classes[1].f1_interval)


def test_a_difference_of_recall_counts_the_groups_of_its_class() -> None:
    """The widening for few groups is by Student's t of 8 groups, not of 208."""
    first, second = few_groups([5, 1, 4, 0, 5, 3, 2, 1]), few_groups([5, 4, 2, 3, 5, 3, 5, 2])
    leading = Leading(
        metric=LeadingMetric(kind=LeadingKind.RECALL, class_names=("cat", "dog"), class_name="dog")
    )
    drawn = leading.resampled(second) - leading.resampled(first)
    expected = bootstrap_interval(leading.value(second) - leading.value(first), drawn, 8, is_fraction=False)
    assert leading_difference(leading, first, second).interval == pytest.approx(expected)


def test_two_classifiers_are_resampled_alike() -> None:
    """The difference of equal classifiers does not vary."""
    labels, probabilities = some_test()
    test = multi_class(labels.tolist(), probabilities.tolist())
    leading = Leading(metric=LeadingMetric(kind=LeadingKind.MACRO_F1))
    np.testing.assert_array_equal(
        leading.resampled(test, resamples=50), leading.resampled(test, resamples=50)
    )


def test_always_giving_the_majority_has_half_of_the_balanced_accuracy() -> None:
    test = multi_class([0, 0, 0, 1], predicted=[0, 0, 0, 1])
    leading = Leading(metric=LeadingMetric(kind=LeadingKind.BALANCED_ACCURACY))
    assert majority_value(leading, test, "cat", ("cat", "dog")) == 0.5


def test_no_other_answer_has_a_lower_expected_cost() -> None:
    _, probabilities = some_test()
    costs = np.array([[0, 1, 4], [2, 0, 8], [16, 32, 0]])
    expected = [min(range(3), key=lambda answer: row @ costs[:, answer]) for row in probabilities]
    assert least_cost_answers(probabilities, costs.tolist()).tolist() == expected


def test_answers_of_least_expected_cost_are_measured_on_the_labels() -> None:
    """Missing a dog costs 9: at 20% it is answered, which is wrong once and costs 1."""
    costs = ((0.0, 1.0), (9.0, 0.0))
    metric = LeadingMetric(kind=LeadingKind.COST, class_names=("cat", "dog"), costs=costs)
    test = multi_class([0, 1, 0, 0], [[0.8, 0.2], [0.8, 0.2], [0.95, 0.05], [0.95, 0.05]])
    assert Leading(metric=metric).value(test) == 9 / 4
    assert least_cost_value(Leading(metric=metric), test) == 1 / 4


def test_the_choice_is_stored_until_its_class_is_gone(digits_project: Project) -> None:
    choose_metric(digits_project, RECALL)
    assert leading_metric(digits_project, NAMES).metric == RECALL
    assert leading_metric(digits_project, ("cat", "fox")).metric.kind is LeadingKind.ACCURACY
