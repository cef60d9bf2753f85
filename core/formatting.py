"""Numbers as text that is the same in every language."""

from __future__ import annotations

import math


def percent(fraction: float) -> str:
    """Format a fraction from 0 to 1, such as ``92.1%``; only 1 is ``100%`` and only 0 is ``0%``."""
    if 0 < fraction < 0.0005:
        return "<0.1%"
    if 0.9995 <= fraction < 1:
        return ">99.9%"
    return f"{100 * fraction:.1f}".removesuffix(".0") + "%"


def rounded_percent(fraction: float, digits: int = 0) -> float:
    """Round a fraction from 0 to 1 to percent, for a sentence with a sign of its own; only 1 is 100 and only 0 is 0."""
    rounded: float = round(100 * fraction, digits) if digits else round(100 * fraction)
    step: float = 10.0**-digits if digits else 1
    return rounded if not 0 < fraction < 1 else min(max(rounded, step), 100 - step)


def percent_interval(interval: tuple[float, float]) -> str:
    """Format an interval of fractions in whole percent, rounded outwards: ``71–83%``."""
    low, high = interval
    return f"{math.floor(100 * low)}–{math.ceil(100 * high)}%"


def number(value: float) -> str:
    """Format a count with separated thousands, or a measured value with three significant digits."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
