"""Statistics, against published tables and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics import kernel_smooth, tukey_fences, wilson_interval


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_that_of_the_literature(right: int, count: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3."""
    assert wilson_interval(right, count) == pytest.approx((low, high), abs=5e-5)


def test_all_right_is_not_certainty() -> None:
    """Nine of nine: by hand, 9 / (9 + 1.96²) = 0.701 is the lower end."""
    low, high = wilson_interval(9, 9)
    assert low == pytest.approx(9 / (9 + 1.959964**2), abs=1e-9)
    assert high == 1.0


def test_the_interval_of_no_pictures_is_everything() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_right_and_wrong_mirror_each_other() -> None:
    low, high = wilson_interval(7, 10)
    assert wilson_interval(3, 10) == pytest.approx((1 - high, 1 - low))


def test_fences_lie_one_and_a_half_interquartile_ranges_beyond_the_quartiles() -> None:
    """Of 1 to 9 the quartiles are 3 and 7: 3 - 1.5 * 4 = -3, and 7 + 1.5 * 4 = 13."""
    assert tukey_fences(np.arange(1.0, 10.0)) == (-3.0, 13.0)


def test_fences_of_equal_values_still_have_a_width() -> None:
    assert tukey_fences(np.full(5, 80.0)) == pytest.approx((79.88, 80.12))


def test_an_outlier_lies_beyond_the_fences() -> None:
    low, high = tukey_fences(np.array([0.1, *np.linspace(0.90, 0.91, 10)]))
    assert 0.1 < low < 0.90 < 0.91 < high


def test_the_smoothed_value_midway_between_two_points_is_their_mean() -> None:
    points = np.array([[0.45, 0.0], [0.55, 0.0]])
    values = np.array([80.0, 90.0])
    (between,) = kernel_smooth(points, values, np.array([[0.5, 0.0]]), bandwidth=0.1, least_weight=0.1)
    assert between == pytest.approx(85.0)


def test_the_smoothed_value_is_weighted_by_the_kernel() -> None:
    """At the first point the weights are 1 and exp(-1/2): (80 + 90 * 0.606531) / 1.606531 = 83.7754."""
    points = np.array([[0.0], [0.1]])
    (value,) = kernel_smooth(
        points, np.array([80.0, 90.0]), np.array([[0.0]]), bandwidth=0.1, least_weight=0.1
    )
    assert value == pytest.approx(83.77541, abs=1e-5)


def test_far_from_all_points_there_is_no_smoothed_value() -> None:
    points = np.array([[0.0, 0.0]])
    (far,) = kernel_smooth(points, np.array([80.0]), np.array([[0.0, 1.0]]), bandwidth=0.1, least_weight=0.1)
    assert np.isnan(far)
