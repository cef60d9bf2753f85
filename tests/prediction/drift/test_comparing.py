"""Drift: what is compared, by which test, and how often chance raises an alarm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.prediction.drift.comparing import Measure, Sample, compare, difference_interval, ks_p_value


def sample(
    random: np.random.Generator, count: int, shares: tuple[float, ...], *, loc: float = 0.0, group: int = 1
) -> Sample:
    """Answers drawn at random; pictures of a group are equal."""
    groups = np.arange(count) // group
    classes = random.choice(len(shares), size=groups.max() + 1, p=shares)[groups]
    confidence = random.normal(loc, 1, size=groups.max() + 1)[groups]
    predicted = np.eye(len(shares), dtype=bool)[classes]
    return Sample(predicted=predicted, values={Measure.CONFIDENCE: confidence}, groups=groups)


def test_the_p_value_of_single_pictures_is_that_of_scipy() -> None:
    random = np.random.default_rng(1)
    one, other = random.normal(size=400), random.normal(0.15, size=300)
    expected = stats.ks_2samp(one, other, method="asymp").pvalue
    assert ks_p_value(one, other, 400, 300) == pytest.approx(expected, rel=0.15)


def test_fewer_independent_pictures_prove_less() -> None:
    random = np.random.default_rng(1)
    one, other = random.normal(size=400), random.normal(0.4, size=300)
    assert ks_p_value(one, other, 400, 300) < 0.001 < 0.05 < ks_p_value(one, other, 20, 15)


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """Newcombe (1998), table II, row (a), method 10: 56/70 - 48/80 is 0.2, from 0.0524 to 0.3339."""
    interval = difference_interval(48 / 80, 80, 56 / 70, 70)
    assert interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_class_that_became_rarer_is_named_with_its_shares() -> None:
    random = np.random.default_rng(2)
    before, now = sample(random, 300, (0.5, 0.3, 0.2)), sample(random, 300, (0.2, 0.3, 0.5))
    drift = compare(before, now, ("a", "b", "c"))
    assert {share.name for share in drift.changed_shares} == {"a", "c"}
    first = next(share for share in drift.shares if share.name == "a")
    assert first.before == before.predicted[:, 0].mean()
    assert first.now == now.predicted[:, 0].mean()
    assert first.interval[0] < first.now - first.before < first.interval[1] < 0
    assert not drift.changed_values


def test_a_lower_confidence_is_found_with_equal_shares() -> None:
    random = np.random.default_rng(3)
    before, now = sample(random, 300, (0.5, 0.5)), sample(random, 300, (0.5, 0.5), loc=-0.6)
    drift = compare(before, now, ("a", "b"))
    (change,) = drift.changed_values
    assert change.measure is Measure.CONFIDENCE
    assert change.interval[1] < 0
    assert not drift.changed_shares


@pytest.mark.parametrize("group", [1, 5])
def test_chance_raises_few_alarms_however_many_classes_there_are(group: int) -> None:
    """Of 300 comparisons of equals at most 5% may alarm; 7.5% is two standard errors above."""
    random = np.random.default_rng(4)
    shares = (0.3, 0.3, 0.2, 0.1, 0.1)
    alarms = [
        compare(
            sample(random, 300, shares, group=group), sample(random, 200, shares), tuple("abcde")
        ).is_proven
        for _ in range(300)
    ]
    assert np.mean(alarms) <= 0.075
