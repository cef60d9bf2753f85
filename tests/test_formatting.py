"""Percentages are rounded, but never to a certainty that is none."""

from __future__ import annotations

import pytest

from core.formatting import decimal, number, percent, rounded_percent, signed


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (signed(-0.52, 1), "−0.5"),
        (signed(2.06, 1), "+2.1"),
        (signed(0.0, 1), "0.0"),
        (signed(-0.04, 1), "0.0"),
        (signed(0.04, 1), "0.0"),
        (decimal(-0.0213, 3), "−0.021"),
        (decimal(-0.0001, 3), "0.000"),
        (decimal(0.0213, 3), "0.021"),
        (percent(-0.015), "−1.5%"),
        (percent(0.015), "1.5%"),
        (number(-1200), "−1,200"),
        (number(-0.25), "−0.25"),
        (number(-1e-7), "−1e-07"),
    ],
)
def test_negative_numbers_have_a_minus_sign_and_zero_has_none(text: str, expected: str) -> None:
    assert text == expected
