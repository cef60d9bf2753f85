"""Inverse power law of the error over the number of training pictures.

``error(n) = floor + reach * (n / n_max) ** -exponent`` with a floor and a reach of at least 0
(Hestness 2017; Viering and Loog 2021 found it the best of the simple forms). For a given
exponent the best floor and reach are a linear regression, so the exponent is searched on a
grid, for many curves at once and without a start that could fail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Of heads on frozen features; networks from scratch have 0.1 to 0.5.
_EXPONENTS = np.linspace(0.1, 2.0, 39)


@dataclass(frozen=True, kw_only=True)
class PowerLaws:
    """Fitted curves; all arrays are float64 of the same shape."""

    largest: float  # number of pictures to which the reach belongs
    floor: np.ndarray
    reach: np.ndarray
    exponent: np.ndarray
    residual: np.ndarray  # root mean square of the errors that are not explained

    def errors(self, pictures: float) -> np.ndarray:
        """Errors with so many training pictures."""
        errors: np.ndarray = self.floor + self.reach * (pictures / self.largest) ** -self.exponent
        return errors

    def gain_of_twice(self) -> np.ndarray:
        """Fall of the errors from the largest number of pictures to twice as many, at least 0."""
        gain: np.ndarray = self.errors(self.largest) - self.errors(2 * self.largest)
        return gain


def fit_power_laws(pictures: np.ndarray, errors: np.ndarray) -> PowerLaws:
    """Fit a curve to each row of errors by least squares.

    Args:
        pictures: float64 (sizes,), ascending, at least two.
        errors: float64 (..., sizes), 0 to 1.
    """
    best: list[np.ndarray] | None = None
    for exponent in _EXPONENTS:
        shape = (pictures / pictures[-1]) ** -exponent
        floor, reach = _regression(shape, errors)
        residual = ((floor[..., None] + reach[..., None] * shape - errors) ** 2).mean(axis=-1)
        fitted = [residual, floor, reach, np.full_like(floor, exponent)]
        if best is None:
            best = fitted
            continue
        is_better = residual < best[0]
        best = [np.where(is_better, new, old) for new, old in zip(fitted, best, strict=True)]
    assert best is not None
    residual, floor, reach, exponents = best
    return PowerLaws(
        largest=float(pictures[-1]),
        floor=floor,
        reach=reach,
        exponent=exponents,
        residual=np.sqrt(residual),
    )


def _regression(shape: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of ``floor + reach * shape`` with both at least 0."""
    centred, mean = shape - shape.mean(), errors.mean(axis=-1)
    reach = errors @ centred / (centred @ centred)
    floor = mean - reach * shape.mean()
    # Without a floor; and flat, where the errors rise.
    through_zero = errors @ shape / (shape @ shape)
    reach = np.where(floor < 0, through_zero, reach)
    floor = np.where(floor < 0, 0.0, floor)
    is_rising = reach < 0
    return np.where(is_rising, mean, floor), np.where(is_rising, 0.0, reach)
