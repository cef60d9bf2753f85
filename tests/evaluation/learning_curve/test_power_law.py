"""Inverse power laws, fitted to many curves at once."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.learning_curve.power_law import fit_power_laws

PICTURES = np.array([100.0, 200.0, 350.0, 600.0, 1000.0])


@pytest.mark.parametrize(
    ("floor", "reach", "exponent"), [(0.05, 0.1, 0.5), (0.0, 0.2, 0.35), (0.1, 0.02, 1.0)]
)
def test_a_power_law_is_found_again(floor: float, reach: float, exponent: float) -> None:
    """With its extrapolation: reach * (1 - 2 ** -exponent) is the gain of twice as many."""
    errors = floor + reach * (PICTURES / 1000) ** -exponent
    found = fit_power_laws(PICTURES, errors)
    assert found.residual == pytest.approx(0, abs=1e-9)
    assert (float(found.floor), float(found.reach), float(found.exponent)) == pytest.approx(
        (floor, reach, exponent), abs=1e-6
    )
    assert found.errors(2000) == pytest.approx(floor + reach * 2**-exponent)
    assert found.gain_of_twice() == pytest.approx(reach * (1 - 2**-exponent))


def test_each_row_is_a_curve_of_its_own() -> None:
    rows = np.stack([0.1 + 0.2 * (PICTURES / 1000) ** -0.5, np.full(5, 0.3)])
    found = fit_power_laws(PICTURES, np.stack([rows, rows[::-1]]))
    np.testing.assert_allclose(
        found.gain_of_twice(), [[0.2 * (1 - 0.5**0.5), 0], [0, 0.2 * (1 - 0.5**0.5)]], atol=1e-9
    )


def test_rising_errors_promise_nothing() -> None:
    found = fit_power_laws(PICTURES, np.array([0.1, 0.12, 0.14, 0.16, 0.2]))
    assert found.gain_of_twice() == 0
    assert found.errors(2000) == pytest.approx(0.144)
    assert found.residual > 0.03


def test_errors_do_not_fall_below_zero() -> None:
    """A straight line would reach it soon."""
    found = fit_power_laws(PICTURES, np.array([0.4, 0.3, 0.2, 0.1, 0.01]))
    assert found.floor >= 0
    assert found.errors(1e9) >= 0


def test_two_sizes_can_be_fitted() -> None:
    found = fit_power_laws(np.array([10.0, 20.0]), np.array([0.4, 0.2]))
    assert found.residual == pytest.approx(0, abs=1e-9)
