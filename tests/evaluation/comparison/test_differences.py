"""Differences of metrics between two classifiers on the same pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from core.evaluation.comparison.differences import (
    MetricDifference,
    Verdict,
    accuracy_interval,
    leading_difference,
    metric_differences,
)
from core.evaluation.leading import Leading
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.table import METRICS
from core.training.leading_metric import LeadingKind, LeadingMetric
from tests.support.predictions import multi_class, multi_label


def two_classifiers(random: np.random.Generator, pictures: int = 200) -> list[TestPredictions]:
    """Two classifiers of three classes that err on much the same pictures; the second errs less."""
    labels, common = random.integers(0, 3, pictures), random.normal(size=(pictures, 3))
    each = np.eye(3)[labels]
    logits = [common + random.normal(size=(pictures, 3)) / 2 + signal * each for signal in (1.5, 2.0)]
    powers = [np.exp(one) for one in logits]
    return [multi_class(labels.tolist(), (one / one.sum(axis=1, keepdims=True)).tolist()) for one in powers]


def test_differences_are_those_of_the_metrics() -> None:
    first, second = two_classifiers(np.random.default_rng(0))
    found = {row.code: row for row in metric_differences(first, second, resamples=200)}
    truth = first.targets.argmax(axis=1)
    expected = [f1_score(truth, one.predicted.argmax(axis=1), average="macro") for one in (first, second)]
    assert (found["macro_f1"].first, found["macro_f1"].second) == pytest.approx(expected)
    assert found["macro_f1"].difference == pytest.approx(expected[1] - expected[0])
    assert found.keys() == {metric.code for metric in METRICS} - {"hamming_accuracy", "micro_f1"}


def test_an_interval_of_the_difference_is_narrower_than_those_of_the_values() -> None:
    """Pictures that are hard for both classifiers cancel out."""
    first, second = two_classifiers(np.random.default_rng(0), 500)
    (found,) = metric_differences(first, second, [row for row in METRICS if row.code == "log_loss"])
    unpaired = replace(
        second, **{name: getattr(second, name)[::-1] for name in ("targets", "predicted", "probabilities")}
    )
    (apart,) = metric_differences(first, unpaired, [row for row in METRICS if row.code == "log_loss"])
    assert found.interval is not None
    assert apart.interval is not None
    assert np.diff(found.interval) < 0.8 * np.diff(apart.interval)


def test_the_same_classifier_twice_is_neither_better_nor_worse() -> None:
    first, _second = two_classifiers(np.random.default_rng(0))
    for row in metric_differences(first, first, resamples=50):
        assert row.difference == 0
        assert row.verdict is Verdict.UNCLEAR


def test_the_interval_of_accuracies_is_bonett_and_prices() -> None:
    """10 fixed, 2 broken of 98: (11 ± 3) of 100 and so on, by hand."""
    labels = [0] * 98
    first = multi_class(labels, predicted=[1] * 10 + [0] * 88)
    second = multi_class(labels, predicted=[0] * 10 + [1] * 2 + [0] * 86)
    half = 1.959964 * np.sqrt((0.11 + 0.03 - 0.08**2) / 100)
    assert accuracy_interval(first, second) == pytest.approx((0.08 - half, 0.08 + half))


def test_groups_widen_the_interval_of_accuracies() -> None:
    """Five pictures that are always fixed together are one observation."""
    labels, groups = [0] * 100, np.repeat(np.arange(20), 5).tolist()
    first = multi_class(labels, predicted=[1] * 25 + [0] * 75, groups=groups)
    second = multi_class(labels, predicted=[0] * 100, classes=2, groups=groups)
    single = replace(first, groups=None), replace(second, groups=None)
    assert np.diff(accuracy_interval(first, second)) > 1.8 * np.diff(accuracy_interval(*single))


def test_the_interval_of_accuracies_holds_the_true_difference() -> None:
    """95% of simulated test sets: 100 groups of 3, a difference of 5 points."""
    random, groups = np.random.default_rng(0), np.repeat(np.arange(100), 3)
    covered = []
    for _ in range(600):
        hard = (random.random(100)[groups] + random.random(300)) % 1
        answers = [np.where(hard < limit, 0, 1).tolist() for limit in (0.8, 0.85)]
        flipped = random.random(300) < 0.1
        answers[0] = np.where(flipped, 1 - np.array(answers[0]), answers[0]).tolist()
        one, two = (
            multi_class([0] * 300, predicted=each, classes=2, groups=groups.tolist()) for each in answers
        )
        low, high = accuracy_interval(one, two)
        covered.append(low <= 0.85 - (0.8 * 0.9 + 0.2 * 0.1) <= high)
    assert 0.93 <= np.mean(covered) <= 0.975


def test_a_verdict_follows_the_direction_of_its_metric() -> None:
    row = MetricDifference(code="log_loss", first=0.5, second=0.3, interval=(-0.3, -0.1))
    assert row.verdict is Verdict.WORSE
    assert replace(row, is_higher_better=False).verdict is Verdict.BETTER
    assert replace(row, is_higher_better=False, interval=(-0.3, 0.1)).verdict is Verdict.UNCLEAR


def test_the_leading_metric_is_compared_as_in_the_table() -> None:
    """Accuracy by formula, the mean F1 of the classes by the same resamples."""
    first, second = two_classifiers(np.random.default_rng(0))
    table = {row.code: row for row in metric_differences(first, second)}
    for kind, code in ((LeadingKind.ACCURACY, "accuracy"), (LeadingKind.MACRO_F1, "macro_f1")):
        found = leading_difference(Leading(metric=LeadingMetric(kind=kind)), first, second)
        assert (found.first, found.second) == pytest.approx((table[code].first, table[code].second))
        assert found.interval == pytest.approx(table[code].interval)


def test_several_labels_are_compared_as_well() -> None:
    first = multi_label([[1, 0], [1, 1], [0, 1]], [[0.9, 0.6], [0.8, 0.7], [0.2, 0.9]])
    second = multi_label([[1, 0], [1, 1], [0, 1]], [[0.9, 0.1], [0.8, 0.7], [0.2, 0.9]])
    found = {row.code: row for row in metric_differences(first, second, resamples=50)}
    assert found["accuracy"].difference == pytest.approx(1 / 3)
    assert found["hamming_accuracy"].difference == pytest.approx(1 / 6)
