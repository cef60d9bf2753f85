"""Statistics: interval of a proportion, effective number of grouped pictures, outlier fences, kernel regression."""

from __future__ import annotations

import math

import numpy as np

# Standard deviations that contain 95% of a normal distribution.
Z_95 = 1.959964
_TUKEY_FACTOR = 1.5
_MIN_RELATIVE_RANGE = 1e-3
# Instead of a division by zero.
_TINY = 1e-12


def wilson_interval(right: float, count: float) -> tuple[float, float]:
    """Compute the 95% confidence interval of a proportion (Wilson 1927), fractions 0 to 1.

    Args:
        right, count: numbers of independent observations, not necessarily whole.
    """
    if count == 0:
        return 0.0, 1.0
    share, z2 = right / count, Z_95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z_95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def effective_count(values: np.ndarray, groups: np.ndarray) -> float:
    """Number of independent pictures with which the mean of the values would be as certain: at most n.

    It is estimated from the groups (Korn and Graubard 1998), so few of them lower it by Student's t.

    Args:
        values: bool or float (n,), of pictures.
        groups: (n,), equal for pictures that belong together.
    """
    from scipy import special

    count, mean, variance_of_one = len(values), values.mean(), float(values.var())
    indices = np.unique(groups, return_inverse=True)[1]
    of_group = np.bincount(indices, weights=values - mean)
    group_count = len(of_group)
    if group_count == count:
        return count
    if group_count == 1 or not variance_of_one:
        return group_count
    variance = group_count / (group_count - 1) * (of_group**2).sum() / count**2
    effective = float(min(count, variance_of_one / variance)) if variance else count
    of_pictures, of_groups = special.stdtrit([count - 1, group_count - 1], 0.975)
    return effective * float(of_pictures / of_groups) ** 2


def tukey_fences(values: np.ndarray) -> tuple[float, float]:
    """Compute the fences beyond which a value counts as an outlier (Tukey 1977).

    A fence lies 1.5 interquartile ranges outside the quartiles. If the quartiles are equal,
    0.1% of them stands in for the range.

    Args:
        values: float64 (n,), at least one.
    """
    first, third = np.percentile(values, [25, 75])
    reach = _TUKEY_FACTOR * max(third - first, _MIN_RELATIVE_RANGE * abs(third))
    return float(first - reach), float(third + reach)


def kernel_smooth(
    points: np.ndarray, values: np.ndarray, grid: np.ndarray, *, bandwidth: float, least_weight: float
) -> np.ndarray:
    """Estimate values on a grid by kernel regression with a Gaussian kernel (Nadaraya 1964, Watson 1964).

    Args:
        points: float64 (n, d), where the values were measured.
        values: float64 (n,).
        grid: float64 (m, d).
        bandwidth: standard deviation of the kernel, in the unit of the points.
        least_weight: a grid point whose kernel weights sum to less has no value; a measured point weighs 1.
    Returns:
        float64 (m,); NaN where there is no value.
    """
    squares = ((grid[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    weights = np.exp(-squares / (2 * bandwidth**2))
    totals = weights.sum(axis=1)
    means = weights @ values / np.maximum(totals, _TINY)
    return np.where(totals < least_weight, np.nan, means)
