"""Test of a slice against the rest: exact for single pictures, never an alarm by chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.evaluation.slices.difference import (
    adjusted_for_many,
    intraclass_correlation,
    p_values_of_lower_accuracy,
)

SLICES, RUNS = 40, 300


def test_single_pictures_have_the_p_value_of_fisher() -> None:
    """4 of 12 wrong in the slice, 6 of 88 in the rest."""
    is_right = np.array([False] * 4 + [True] * 8 + [False] * 6 + [True] * 82)
    members = np.arange(100)[None, :] < 12
    expected = stats.fisher_exact([[4, 8], [6, 82]], alternative="greater").pvalue
    (found,) = p_values_of_lower_accuracy(is_right, members, np.arange(100))
    assert found == pytest.approx(expected)
    assert found == pytest.approx(0.0173, abs=5e-4)


def test_a_slice_of_all_or_of_no_pictures_differs_from_nothing() -> None:
    members = np.stack([np.ones(10, bool), np.zeros(10, bool)])
    found = p_values_of_lower_accuracy(np.arange(10) % 2 == 0, members, np.arange(10))
    np.testing.assert_array_equal(found, [1, 1])


def test_copies_of_the_pictures_prove_nothing_more() -> None:
    """Each picture ten times: the counts are divided by the design effect of 10, and a little more."""
    is_right = np.array([False] * 8 + [True] * 12 + [False] * 6 + [True] * 74)
    members = np.arange(100)[None, :] < 20
    (alone,) = p_values_of_lower_accuracy(is_right, members, np.arange(100))
    (copied,) = p_values_of_lower_accuracy(
        is_right.repeat(10), members.repeat(10, axis=1), np.arange(100).repeat(10)
    )
    (as_if_single,) = p_values_of_lower_accuracy(
        is_right.repeat(10), members.repeat(10, axis=1), np.arange(1000)
    )
    assert alone <= copied < 5 * alone
    assert as_if_single < 1e-6 * alone


def test_intraclass_correlation_is_that_of_the_simulation() -> None:
    """Beta-binomial groups: the correlation is 1 / (a + b + 1)."""
    random = np.random.default_rng(0)
    groups = np.arange(3000).repeat(5)
    rates = random.beta(0.9 * 7 / 3, 0.1 * 7 / 3, 3000)[groups]
    assert intraclass_correlation(random.random(15000) < rates, groups) == pytest.approx(0.3, abs=0.03)
    assert intraclass_correlation(random.random(15000) < 0.9, groups) == pytest.approx(0, abs=0.02)


def test_groups_that_are_all_right_or_all_wrong_correlate_fully() -> None:
    is_right = np.array([True, False, True, True] * 10).repeat(3)
    assert intraclass_correlation(is_right, np.arange(40).repeat(3)) == pytest.approx(1, abs=0.02)


def test_one_group_or_one_answer_is_no_evidence() -> None:
    """One patient alone tells nothing of patients; where nothing varies, nothing correlates."""
    assert intraclass_correlation(np.array([True, False, True]), np.zeros(3, int)) == 1
    assert intraclass_correlation(np.ones(6, bool), np.arange(3).repeat(2)) == 0


@pytest.mark.parametrize(("groups", "each", "correlation"), [(400, 1, 0.0), (100, 5, 0.3), (20, 20, 0.3)])
def test_random_answers_raise_an_alarm_in_at_most_one_of_twenty_runs(
    groups: int, each: int, correlation: float
) -> None:
    """40 slices of ten properties that have nothing to do with the answers; 7.6% is 5% and two standard errors."""
    random, alarms = np.random.default_rng(groups), 0
    for _ in range(RUNS):
        group = np.arange(groups).repeat(each)
        rates = _rates(random, groups, correlation)[group]
        adjusted = adjusted_for_many(
            p_values_of_lower_accuracy(random.random(len(group)) < rates, _quarters(random, group), group)
        )
        alarms += bool((adjusted <= 0.05).any())
    assert alarms / RUNS < 0.076


def test_a_bad_slice_is_found_among_forty() -> None:
    """Half wrong, where the rest has 7% wrong."""
    random, found = np.random.default_rng(0), 0
    for _ in range(50):
        group = np.arange(100).repeat(4)
        members = _quarters(random, group)
        rates = np.where(members[0], 0.5, 0.93)
        adjusted = adjusted_for_many(
            p_values_of_lower_accuracy(random.random(len(group)) < rates, members, group)
        )
        found += bool(adjusted[0] <= 0.05)
    assert found > 45


@pytest.mark.parametrize(
    ("groups", "each", "correlation"),
    [(20, 20, 0.0), (20, 20, 0.3), (6, 30, 0.0), (6, 30, 0.3), (8, 15, 1.0)],
)
def test_a_group_that_is_as_good_as_the_others_raises_an_alarm_in_at_most_one_of_twenty_runs(
    groups: int, each: int, correlation: float
) -> None:
    """Each group is a slice, and a mark is wrong where its own rate is that of the others, or higher.

    With a correlation of 1, every group is all right or all wrong.
    """
    random, alarms = np.random.default_rng(groups + each), 0
    group = np.arange(groups).repeat(each)
    members = group == np.arange(groups)[:, None]
    for _ in range(RUNS):
        rates = (
            (random.random(groups) < 0.9) * 1.0 if correlation == 1 else _rates(random, groups, correlation)
        )
        adjusted = adjusted_for_many(
            p_values_of_lower_accuracy(random.random(len(group)) < rates[group], members, group)
        )
        of_others = (rates.sum() - rates) / (groups - 1)
        alarms += bool(((adjusted <= 0.05) & (rates >= of_others)).any())
    assert alarms / RUNS < 0.076


def test_a_bad_group_is_found_among_groups_that_differ() -> None:
    """One patient of twelve is right in 30%, the others in 85 to 99%."""
    random, found = np.random.default_rng(0), 0
    group = np.arange(12).repeat(20)
    members = group == np.arange(12)[:, None]
    for _ in range(50):
        rates = random.uniform(0.85, 0.99, 12)
        rates[7] = 0.3
        adjusted = adjusted_for_many(
            p_values_of_lower_accuracy(random.random(len(group)) < rates[group], members, group)
        )
        found += bool(adjusted[7] <= 0.05)
    assert found > 45


def test_only_the_rest_of_one_group_counts_by_groups() -> None:
    """Every other group is all right or all wrong: they count as 20 pictures, a little less for Student's t."""
    group = np.arange(21).repeat(10)
    is_right = np.concatenate([np.arange(10) < 4, np.repeat([True] * 18 + [False] * 2, 10)])
    (found,) = p_values_of_lower_accuracy(is_right, (group == 0)[None, :], group)
    expected = stats.fisher_exact([[6, 4], [2, 18]], alternative="greater").pvalue
    assert expected <= found < 2 * expected


def _rates(random: np.random.Generator, groups: int, correlation: float) -> np.ndarray:
    if not correlation:
        return np.full(groups, 0.9)
    size = (1 - correlation) / correlation
    return random.beta(0.9 * size, 0.1 * size, groups)


def _quarters(random: np.random.Generator, group: np.ndarray) -> np.ndarray:
    """Four slices of each of ten properties; those of every second property cut through groups."""
    rows: list[np.ndarray] = []
    for number in range(SLICES // 4):
        values = random.random(len(group))
        values = values[group] if number % 2 else values
        quarter = np.searchsorted(np.quantile(values, [0.25, 0.5, 0.75]), values, side="right")
        rows += [quarter == index for index in range(4)]
    return np.array(rows)
