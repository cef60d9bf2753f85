"""Statistics: confidence interval of a proportion."""

from __future__ import annotations

import math

_Z_95 = 1.959964  # standard deviations that hold 95% of a normal distribution


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """Compute the 95% confidence interval of a proportion (Wilson 1927), fractions 0 to 1."""
    if count == 0:
        return 0.0, 1.0
    share, z2 = right / count, _Z_95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z_95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)
