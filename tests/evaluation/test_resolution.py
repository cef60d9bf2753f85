"""Differences that a test set is large enough to show."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.metrics.intervals import fraction_interval
from core.evaluation.resolution import TestResolution, resolution_of
from core.statistics import wilson_interval


def resolution(is_right: np.ndarray, groups: np.ndarray, baseline: float = 0.0) -> TestResolution:
    return resolution_of(is_right, groups, fraction_interval(is_right, groups), baseline)


def test_the_wanted_number_narrows_the_interval_to_five_points() -> None:
    """80 of 100 right."""
    found = resolution(np.arange(100) < 80, np.arange(100))
    low, high = wilson_interval(80, 100)
    assert found.difference == pytest.approx((high - low) / 2)
    assert found.is_too_small
    wanted = found.wanted_pictures
    assert np.diff(wilson_interval(0.8 * wanted, wanted))[0] <= 0.1
    assert np.diff(wilson_interval(0.8 * (wanted - 1), wanted - 1))[0] > 0.1


def test_a_coin_needs_381_tosses() -> None:
    """The usual 385 are for an interval without Wilson's shrinkage."""
    found = resolution(np.arange(100) < 50, np.arange(100))
    assert (found.wanted_pictures, found.about_wanted) == (381, 390)


def test_pictures_in_groups_must_be_more() -> None:
    """Each picture ten times: ten times as many are needed, and a few more for the uncertain estimate."""
    single = resolution(np.arange(100) < 80, np.arange(100))
    copied = resolution((np.arange(100) < 80).repeat(10), np.arange(100).repeat(10))
    assert 10 * single.wanted_pictures <= copied.wanted_pictures < 11 * single.wanted_pictures
    assert copied.difference == pytest.approx(single.difference, abs=0.005)


def test_a_large_test_set_is_not_too_small() -> None:
    assert not resolution(np.arange(1000) < 800, np.arange(1000)).is_too_small


def test_a_baseline_within_the_interval_is_said() -> None:
    is_right = np.arange(100) < 80
    low, _high = wilson_interval(80, 100)
    assert resolution(is_right, np.arange(100), baseline=low + 0.01).holds_baseline
    assert not resolution(is_right, np.arange(100), baseline=low - 0.01).holds_baseline


@pytest.mark.parametrize("is_right", [np.ones(1, bool), np.zeros(1, bool), np.ones(9, bool)])
def test_a_few_pictures_or_one_group_have_a_resolution(is_right: np.ndarray) -> None:
    for groups in (np.arange(len(is_right)), np.zeros(len(is_right), int)):
        found = resolution(is_right, groups)
        assert found.is_too_small
        assert found.wanted_pictures >= 35


def test_without_a_picture_left_as_many_are_wanted_as_for_an_accuracy_of_a_half() -> None:
    """All test pictures of a run were erased; the search for a number of pictures once never ended."""
    found = resolution_of(np.zeros(0, bool), np.zeros(0, np.int64), (0.0, 1.0), 0.3)
    assert (found.pictures, found.wanted_pictures) == (0, 381)
