"""Names and strengths of corruptions as text."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.robustness.corruptions import Corruption, Unit, find_corruption
from core.evaluation.robustness.records import CorruptionResult
from pages.ui.text import _, percent


def strength_text(corruption: Corruption, level: int) -> str:
    """Format a strength in its unit: ``15°``, ``1.2%``, ``quality 20``."""
    strength = corruption.strengths[level]
    match corruption.unit:
        case Unit.DEGREES:
            return f"{360 * strength:.0f}°"
        case Unit.QUALITY:
            return _("quality {n}").format(n=round(strength))
        case _unit:
            return percent(strength)


def known_results(results: Sequence[CorruptionResult]) -> list[tuple[Corruption, CorruptionResult]]:
    """Pair results with their corruptions; those that another version tested are left out."""
    pairs = [(find_corruption(result.code), result) for result in results]
    return [
        (corruption, result)
        for corruption, result in pairs
        if corruption is not None
        and [condition.strength for condition in result.conditions] == list(corruption.strengths)
    ]
