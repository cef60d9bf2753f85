"""95% intervals: of a fraction of pictures by a formula, of other metrics by the bootstrap.

Both take pictures that belong together as one observation, not as many.
"""

from __future__ import annotations

import math

import numpy as np

from core.statistics import effective_count, wilson_interval

Interval = tuple[float, float]
_SAME = 1e-12


def fraction_interval(is_right: np.ndarray, groups: np.ndarray) -> Interval:
    """Wilson's interval of a fraction of grouped pictures, by their effective number (Korn and Graubard 1998).

    That number is estimated from the groups, so few of them widen the interval by Student's t.

    Args:
        is_right: bool (n,).
        groups: (n,), equal for pictures that belong together.
    """
    count = len(is_right)
    if not count:
        return wilson_interval(0, 0)
    fraction = float(is_right.mean())
    return wilson_interval(fraction * (effective := effective_count(is_right, groups)), effective)


def bootstrap_interval(
    value: float, resampled: np.ndarray, groups: int, *, is_fraction: bool = True
) -> Interval | None:
    """Bias-corrected percentile interval (Efron 1981), widened for few groups (Hesterberg 2015).

    Args:
        value: the metric.
        resampled: float64 (resamples,); NaN where a resample does not define the metric.
        groups: number of groups that the metric depends on.
        is_fraction: the metric is one, from 0 to 1.
    Returns:
        None if no resample defines the metric, or nothing varies and it is no fraction.
    """
    from scipy import special

    defined = resampled[~np.isnan(resampled)]
    if not len(defined):
        return None
    if groups < 2 or np.ptp(defined) < _SAME:  # perfect, or always wrong: nothing varies
        return wilson_interval(float(np.clip(value, 0, 1)) * groups, groups) if is_fraction else None
    below = ((defined < value).mean() + (defined <= value).mean()) / 2
    shift = 2 * special.ndtri(np.clip(below, 1 / len(defined), 1 - 1 / len(defined)))
    reach = _reach(groups)
    low, high = np.quantile(defined, special.ndtr([shift - reach, shift + reach]))
    return float(low), float(high)


def pivotal_interval(value: float, resampled: np.ndarray, groups: int) -> Interval:
    """Basic bootstrap interval of a fraction that chance raises (Davison and Hinkley 1997), widened for few groups.

    A sum of absolute gaps is above the truth by chance, and that of a resample above both. A resample
    lies as far from the value as the value from the truth, so the quantiles are mirrored at the value.
    The bias-corrected interval can lie beside the value, and its lower end far above the truth.

    Args:
        value, resampled, groups: as in ``bootstrap_interval``.
    """
    from scipy import special

    if groups < 2 or np.ptp(resampled) < _SAME:
        return bootstrap_interval(value, resampled, groups) or (0.0, 1.0)
    reach = _reach(groups)
    below, above = np.quantile(resampled, special.ndtr([-reach, reach]))
    return float(min(value, max(0.0, 2 * value - above))), float(max(value, min(1.0, 2 * value - below)))


def _reach(groups: int) -> float:
    """Standard deviations of a 95% interval that rests on so many groups."""
    from scipy import special

    return float(math.sqrt(groups / (groups - 1)) * special.stdtrit(groups - 1, 0.975))
