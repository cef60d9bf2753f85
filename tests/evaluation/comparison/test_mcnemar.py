"""McNemar's test for single and grouped pictures, and the correction for several comparisons."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.evaluation.comparison.mcnemar import PairedTest, holm, mcnemar_test, sign_flip_p_value


def answers(fixed: int, broken: int, same: int) -> tuple[np.ndarray, np.ndarray]:
    first = np.array([False] * fixed + [True] * broken + [True] * same)
    second = np.array([True] * fixed + [False] * broken + [True] * same)
    return first, second


@pytest.mark.parametrize(("fixed", "broken"), [(8, 2), (1, 0), (20, 31), (0, 6)])
def test_the_p_value_of_single_pictures_is_mid_p(fixed: int, broken: int) -> None:
    """Fagerland et al. 2013: the exact p-value of the binomial test, less the probability of the outcome."""
    first, second = answers(fixed, broken, 40)
    exact = stats.binomtest(fixed, fixed + broken).pvalue
    expected = exact - stats.binom.pmf(fixed, fixed + broken, 0.5)
    found = mcnemar_test(first, second, np.arange(len(first)))
    assert (found.fixed, found.broken) == (fixed, broken)
    assert found.p_value == pytest.approx(expected)


def test_equal_numbers_fixed_and_broken_are_no_evidence() -> None:
    """Fagerland et al. 2013: 1 less half the probability of the outcome, 20 of 64 here."""
    first, second = answers(3, 3, 10)
    found = mcnemar_test(first, second, np.arange(len(first)))
    assert found.p_value == pytest.approx(1 - 20 / 64 / 2)
    assert not found.is_significant


def test_classifiers_with_the_same_answers_are_not_told_apart() -> None:
    right = np.array([True, False, True])
    found = mcnemar_test(right, right, np.arange(3))
    assert found.p_value == 1.0
    assert str(found.sentence) == "Both are right on the same pictures and wrong on the same pictures."


def test_a_group_counts_once_however_many_of_its_pictures_are_fixed() -> None:
    """Three groups, all fixed: of 8 equally likely signs, 2 are as extreme, and half of these count."""
    first, second = answers(15, 0, 0)
    found = mcnemar_test(first, second, np.repeat(np.arange(3), 5))
    assert found.p_value == pytest.approx(1 / 8)
    assert mcnemar_test(first, second, np.arange(15)).p_value < 0.001


def test_all_signs_of_groups_of_unequal_size_are_counted() -> None:
    net = np.array([3, -1, 2, 2, 0, -1])
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(net))).reshape(len(net), -1)
    sums, seen = np.abs(net @ signs), abs(int(net.sum()))
    assert sign_flip_p_value(net) == pytest.approx((sums > seen).mean() + (sums == seen).mean() / 2)


def test_groups_raise_no_more_false_alarms_than_promised() -> None:
    """Two equally good classifiers, whose mistakes come by groups of 5: at most 6% of tests at 5%.

    Taken for single pictures, they would alarm far more often.
    """
    random, groups = np.random.default_rng(0), np.repeat(np.arange(60), 5)
    alarms, alarms_of_singles = [], []
    for _ in range(1000):
        # a group's pictures share their difficulty
        first, second = (random.random(300) < random.beta(2, 0.5, 60)[groups] for _classifier in range(2))
        alarms.append(mcnemar_test(first, second, groups).is_significant)
        alarms_of_singles.append(mcnemar_test(first, second, np.arange(300)).is_significant)
    assert 0.03 < np.mean(alarms) <= 0.06
    assert np.mean(alarms_of_singles) > 0.12


def test_a_true_difference_is_seen() -> None:
    random, groups = np.random.default_rng(1), np.repeat(np.arange(200), 5)
    hard = random.random(1000)
    found = mcnemar_test(hard < 0.8, hard < 0.88, groups)
    assert found.is_significant
    assert found.fixed > 40
    assert found.broken == 0


def test_p_values_of_several_comparisons_are_corrected_by_holm() -> None:
    """0.01 × 3, then 0.02 × 2; 0.9 × 1."""
    assert holm([0.9, 0.01, 0.02]) == pytest.approx([0.9, 0.03, 0.04])
    assert holm([0.03, 0.02]) == pytest.approx([0.04, 0.04])  # never below that of a smaller one
    assert holm([]) == []


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (0.34, "may be chance: two equally good classifiers would differ this much in about 34 of 100"),
        (0.05, "may be chance: two equally good classifiers would differ this much in about 5 of 100"),
        (0.03, "hardly chance: two equally good classifiers would differ this much in about 3 of 100"),
        (0.004, "hardly chance: two equally good classifiers would differ this much in about 4 of 1,000"),
        (1e-9, "hardly chance: two equally good classifiers would differ this much in fewer than 1 of 1,000"),
    ],
)
def test_the_p_value_is_said_in_words(p_value: float, words: str) -> None:
    assert words in str(PairedTest(fixed=5, broken=2, p_value=p_value).sentence)
