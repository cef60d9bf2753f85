"""A measured figure beside its reference and its target, and the table that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Quantity = Literal["measured", "ratio", "difference"]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Reference of a figure: another way to do the same, or the machine's limit."""

    name: str
    value: float  # in the figure's unit


@dataclass(frozen=True, kw_only=True)
class Target:
    """The bound that a figure should keep, from below or from above."""

    of: Quantity = "measured"
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measurement. ``details`` go to the JSON file only."""

    name: str
    measured: float
    unit: str
    reference: Reference | None = None
    less_is_better: bool = False
    target: Target | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ratio to the reference, above 1 where Darkroom is better."""
        if self.reference is None:
            return None
        over, under = self.measured, self.reference.value
        if self.less_is_better:
            over, under = under, over
        return over / under if under else None

    @property
    def difference(self) -> float | None:
        """Measured minus reference, in the figure's unit."""
        return None if self.reference is None else self.measured - self.reference.value

    @property
    def is_met(self) -> bool | None:
        """True if the target is met; None without a target or without a measurement."""
        value = getattr(self, self.target.of) if self.target else None
        if self.target is None or value is None:
            return None
        above = self.target.at_least is None or value >= self.target.at_least
        return above and (self.target.at_most is None or value <= self.target.at_most)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio, "difference": self.difference, "is_met": self.is_met}


def format_table(figures: Sequence[Figure], *, judged: bool = True) -> str:
    """The figures as text. Without ``judged``, targets are shown but not whether they are met."""
    rows: list[tuple[str, ...]] = [("figure", "measured", "reference", "ratio", "target", "met")]
    rows += [_cells(figure, judged=judged) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _cells(figure: Figure, *, judged: bool) -> tuple[str, ...]:
    reference, ratio = figure.reference, figure.ratio
    met = {True: "yes", False: "NO", None: ""}[figure.is_met if judged else None]
    return (
        figure.name,
        f"{_number(figure.measured)} {figure.unit}",
        f"{_number(reference.value)} {figure.unit}: {reference.name}" if reference else "",
        f"{_number(ratio)}×" if ratio is not None else "",
        _target_words(figure),
        met,
    )


def _target_words(figure: Figure) -> str:
    target = figure.target
    if target is None:
        return ""
    sign, bound = ("≥", target.at_least) if target.at_least is not None else ("≤", target.at_most)
    assert bound is not None, "a target has a bound"
    if target.of == "ratio":
        return f"{sign} {bound:g}×"
    if target.of == "difference":
        return f"{sign} reference" if bound == 0 else f"{sign} reference {bound:+g} {figure.unit}"
    return f"{sign} {bound:g} {figure.unit}"


def _number(value: float) -> str:
    """Three significant digits, whole numbers and large ones in full."""
    if value == round(value) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"
