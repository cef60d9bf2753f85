"""Numbers as text that is the same in every language."""

from __future__ import annotations

import math

# Of Unicode; the hyphen of a keyboard is shorter than a plus, and breaks lines.
MINUS = "−"


def with_minus(text: str) -> str:
    """Replace the hyphen before a number by a minus sign; a zero has neither sign."""
    if not text.startswith("-"):
        return text
    return f"{MINUS}{text[1:]}" if text.strip("-0.,%") else text[1:]


def decimal(value: float, digits: int) -> str:
    """Format a measured value with so many digits behind the point: ``0.213``, ``−0.021``."""
    return with_minus(f"{value:,.{digits}f}")


def signed(value: float, digits: int) -> str:
    """Format a difference with its sign: ``+2.1``, ``−0.5``, ``0.0``."""
    text = decimal(value, digits)
    is_plain = text.startswith(MINUS) or not text.strip("0.,")
    return text if is_plain else f"+{text}"


def percent(fraction: float) -> str:
    """Format a fraction from 0 to 1, such as ``92.1%``; only 1 is ``100%`` and only 0 is ``0%``."""
    if 0 < fraction < 0.0005:
        return "<0.1%"
    if 0.9995 <= fraction < 1:
        return ">99.9%"
    return with_minus(f"{100 * fraction:.1f}".removesuffix(".0") + "%")


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
        return with_minus(f"{int(value):,}")
    return with_minus(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}")
