"""Intervals: by formula and by bootstrap; pictures of one group count as one observation."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.metrics.bootstrap import resample_weights
from core.evaluation.metrics.intervals import bootstrap_interval, fraction_interval
from core.evaluation.metrics.measuring import measure
from core.statistics import wilson_interval
from tests.support.predictions import multi_class

IS_RIGHT = np.array([True] * 30 + [False] * 10)


def width(interval: tuple[float, float]) -> float:
    return interval[1] - interval[0]


def test_single_pictures_have_the_interval_of_wilson() -> None:
    assert fraction_interval(IS_RIGHT, np.arange(40)) == wilson_interval(30, 40)


def test_copies_of_each_picture_leave_the_interval_as_it_is() -> None:
    """Ten shots of one motif are all right or all wrong: the motif is what was tried."""
    alone = fraction_interval(IS_RIGHT, np.arange(40))
    copied = fraction_interval(IS_RIGHT.repeat(10), np.arange(40).repeat(10))
    assert copied == pytest.approx(alone, abs=0.008)
    assert width(fraction_interval(IS_RIGHT.repeat(10), np.arange(400))) < width(alone) / 2.5


def test_all_right_counts_the_groups() -> None:
    assert fraction_interval(np.ones(50, bool), np.arange(5).repeat(10)) == wilson_interval(5, 5)
    assert fraction_interval(np.ones(3, bool), np.zeros(3)) == wilson_interval(1, 1)
    assert fraction_interval(np.zeros(0, bool), np.zeros(0)) == (0, 1)


def test_few_groups_hold_the_promise_too() -> None:
    """Five patients with twenty pictures each, of whom each has a rate of its own (intraclass correlation 0.3)."""
    random = np.random.default_rng(0)
    groups = np.arange(5).repeat(20)
    rates = random.beta(0.8 * 7 / 3, 0.2 * 7 / 3, (400, 5)).repeat(20, axis=1)
    found = [fraction_interval(row, groups) for row in random.random(rates.shape) < rates]
    assert np.mean([low <= 0.8 <= high for low, high in found]) > 0.89


def test_groups_are_drawn_as_a_whole() -> None:
    test = multi_class([0, 1, 0, 1, 0], predicted=[0] * 5, groups=[7, 3, 7, 9, 3])
    drawn = np.concatenate(list(resample_weights(test, resamples=150, seed=1)), axis=1)
    assert drawn.shape == (5, 150)
    np.testing.assert_array_equal(drawn[0], drawn[2])
    np.testing.assert_array_equal(drawn[1], drawn[4])
    assert (drawn[[0, 1, 3]].sum(axis=0) == 3).all()
    assert len(np.unique(drawn, axis=1).T) == 10  # ways to draw three of three


def test_the_bootstrap_of_a_mean_is_the_interval_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, 200_000)
    assert bootstrap_interval(0.5, values, 10_000) == pytest.approx((0.5 - 0.196, 0.5 + 0.196), abs=0.002)


def test_few_groups_widen_the_interval() -> None:
    """With 5 groups, Student's t is 2.776 instead of 1.960, and a variance of n lacks 5/4."""
    values = np.random.default_rng(0).normal(0.5, 0.1, 400_000)
    low, high = bootstrap_interval(0.5, values, 5) or (0, 0)
    assert (high - low) / 2 == pytest.approx(0.1 * 2.776 * (5 / 4) ** 0.5, rel=0.03)


def test_a_bias_of_the_resamples_is_corrected() -> None:
    """Resamples that lie too high by a tenth of a standard deviation."""
    values = np.random.default_rng(0).normal(0.51, 0.1, 200_000)
    low, high = bootstrap_interval(0.5, values, 10_000) or (0, 0)
    assert (low + high) / 2 == pytest.approx(0.49, abs=0.003)


def test_a_metric_that_no_resample_defines_has_no_interval() -> None:
    assert bootstrap_interval(0.5, np.full(10, np.nan), 5) is None


@pytest.mark.parametrize("value", [2.3, 0.4, -0.2])
def test_values_that_are_no_fractions_have_no_interval_where_nothing_varies(value: float) -> None:
    """Such as the log loss of a single group: an interval of fractions would not hold it."""
    assert bootstrap_interval(value, np.full(10, value), 1, is_fraction=False) is None
    assert bootstrap_interval(value, np.full(10, value), 50, is_fraction=False) is None


def test_perfect_scores_are_not_certain() -> None:
    found = measure(multi_class([0, 1, 2] * 5, predicted=[0, 1, 2] * 5), resamples=50)
    assert found.values["macro_f1"] == 1
    assert found.intervals["macro_f1"] == found.intervals["accuracy"] == wilson_interval(15, 15)
    assert found.classes[0].recall_interval == wilson_interval(5, 5)
    assert found.classes[0].f1_interval == wilson_interval(5, 5)


def test_a_perfect_mean_of_classes_is_no_surer_than_its_smallest_class() -> None:
    """Three of three right: the class may be found in 44% of the cases, and the mean of both be 72%."""
    found = measure(multi_class([0] * 297 + [1] * 3, predicted=[0] * 297 + [1] * 3), resamples=50)
    low_of_three = wilson_interval(3, 3)[0]
    for code in ("balanced_accuracy", "macro_precision", "macro_recall", "macro_specificity", "macro_f1"):
        assert found.intervals[code][0] <= (1 + low_of_three) / 2, code
    assert found.intervals["accuracy"][0] > 0.98
    assert found.intervals["weighted_f1"][0] > 0.98


def test_groups_widen_every_interval() -> None:
    """Twenty motifs, each photographed five times with the same answer."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 20)
    answers = np.where(random.random(20) < 0.8, labels, 1 - labels)
    five_times = (labels.repeat(5).tolist(), answers.repeat(5).tolist())
    single = measure(multi_class(five_times[0], predicted=five_times[1]))
    grouped = measure(
        multi_class(five_times[0], predicted=five_times[1], groups=np.arange(20).repeat(5).tolist())
    )
    assert grouped.values == single.values
    for code in ("accuracy", "macro_f1", "balanced_accuracy", "matthews", "log_loss"):
        assert width(grouped.intervals[code]) > 1.6 * width(single.intervals[code]), code
