"""Uncertainty of a share, against published tables and by hand."""

from __future__ import annotations

import pytest

from core.statistics import wilson_interval


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
