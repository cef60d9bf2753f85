"""Percentages are rounded, but never to a certainty that is none."""

from __future__ import annotations

import pytest

from core.formatting import rounded_percent


@pytest.mark.parametrize(
    ("fraction", "digits", "expected"),
    [
        (0.0, 0, "0"),
        (0.002, 0, "1"),
        (0.834, 0, "83"),
        (0.996, 0, "99"),
        (1.0, 0, "100"),
        (0.0001, 1, "0.1"),
        (0.855, 1, "85.5"),
        (0.9996, 1, "99.9"),
        (1.0, 1, "100.0"),
    ],
)
def test_only_everything_is_100_percent_and_only_nothing_is_0(
    fraction: float, digits: int, expected: str
) -> None:
    assert str(rounded_percent(fraction, digits)) == expected
