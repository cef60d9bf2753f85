"""The limit keeps the promised share of known pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.evaluation.strangers.limits import choose_limit, likely_shares, reachable_share


def test_five_percent_of_99_pictures_are_at_most_four_besides_the_new_one() -> None:
    """With the correction for a finite sample: 5% of 100 are 5, of which the new picture is one."""
    scores = np.random.default_rng(0).permutation(99).astype(float)
    limit = choose_limit(scores, 0.05, np.arange(99))
    assert limit == 94
    assert (scores > limit).sum() == 4


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
def test_new_pictures_are_turned_away_as_often_as_promised(share: float) -> None:
    random = np.random.default_rng(1)
    turned = [
        (random.normal(size=100) > choose_limit(random.normal(size=120), share, np.arange(120))).mean()
        for _ in range(400)
    ]
    assert share - 0.012 < np.mean(turned) <= share + 0.004


@pytest.mark.parametrize(("share", "count"), [(0.05, 48), (0.05, 200), (0.05, 12)])
def test_one_limit_turns_away_a_share_within_its_interval(share: float, count: int) -> None:
    """Two of 48, or the highest of 12: by chance more than the mean, or less."""
    random, groups = np.random.default_rng(2), np.arange(count)
    limits = np.array([choose_limit(random.uniform(size=count), share, groups) for _ in range(4000)])
    expected = np.quantile(1 - limits, [0.025, 0.975])
    np.testing.assert_allclose(likely_shares(share, groups), expected, rtol=0.12, atol=0.002)


def test_a_group_counts_as_one_picture() -> None:
    """One patient's fifty strange pictures do not raise the limit for all others."""
    scores = np.concatenate([np.arange(59.0), np.full(50, 1000.0)])
    groups = np.concatenate([np.arange(59), np.full(50, 59)])
    assert choose_limit(scores, 0.1, groups) < 59
    assert choose_limit(scores, 0.1, np.arange(109)) == 1000


def test_too_few_pictures_turn_none_of_them_away() -> None:
    scores = np.array([3.0, 1.0, 2.0])
    assert choose_limit(scores, 0.05, np.arange(3)) == 3
    assert reachable_share(np.arange(3)) == 0.25


def test_without_validation_pictures_nothing_is_turned_away() -> None:
    assert choose_limit(np.array([]), 0.05, np.array([])) == math.inf
