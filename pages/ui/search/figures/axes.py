"""Axes of a search's plots: those of dimensions (linear, logarithmic, categorical) and that of the value.

All plots of a search compute coordinates the same way. A trial without the dimension
(the units of a hidden layer it does not have) has no coordinate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.search.config import Goal
from core.search.records import TrialRecord
from core.search.space import DIMENSIONS, Categorical, Domain, Numbers, SearchSpace
from core.statistics import tukey_fences
from pages.ui.charts import plain
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import GOAL_UNITS, dimension_name, dimension_value, in_display_unit, short
from pages.ui.text import _

_MANY_DECADES = 2.5  # a longer axis has one tick for each decade
_MAX_WHOLE_NUMBERS = 10  # a dimension of so many whole numbers has a category for each
_LEAST_LENGTH = 1e-9
_VALUE_MARGIN = 0.06


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One dimension on an axis."""

    name: str
    categories: tuple[Any, ...] = ()  # values of a categorical axis
    log: bool = False
    low: float = 0.0  # coordinates of both ends
    high: float = 1.0

    @property
    def title(self) -> str:
        """Display name of the dimension."""
        return dimension_name(self.name)

    def coordinate(self, value: Any) -> float | None:
        """Compute the coordinate of a value; None for a missing one."""
        if value is None:
            return None
        if self.categories:
            return float(self.categories.index(value)) if value in self.categories else None
        number = float(value)
        if self.log:
            return math.log10(number) if number > 0 else None
        return number

    def coordinates(self, trials: Sequence[TrialRecord]) -> list[float | None]:
        """Compute the coordinate of each trial."""
        return [self.coordinate(trial.params.get(self.name)) for trial in trials]

    def jittered_coordinates(
        self, trials: Sequence[TrialRecord], *, jitter: float, seed: int
    ) -> list[float | None]:
        """Compute the coordinates of marks, those of categories moved at random so that marks do not overlap."""
        coordinates = self.coordinates(trials)
        if not self.categories:
            return [None if x is None else round(x, 4) for x in coordinates]
        shifts = np.random.default_rng(seed).uniform(-jitter, jitter, len(coordinates))
        return [
            None if x is None else round(x + float(dx), 4) for x, dx in zip(coordinates, shifts, strict=True)
        ]

    def share(self, value: Any) -> float | None:
        """Compute the coordinate of a value as a share of the axis, 0 to 1."""
        coordinate = self.coordinate(value)
        if coordinate is None:
            return None
        return (coordinate - self.low) / max(_LEAST_LENGTH, self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Return coordinates and labels of ticks; empty for a linear axis, which has Plotly's own."""
        if self.categories:
            return [(coordinate, plain(text)) for coordinate, text in self._names()]
        if self.log:
            return [(math.log10(value), short(value)) for value in self._decades()]
        return []

    def ends(self) -> list[tuple[float, str]]:
        """Return coordinates and labels of every category, or of both ends of numbers; not escaped for Plotly."""
        if self.categories:
            return self._names()
        values = [10**end if self.log else end for end in (self.low, self.high)]
        return [(end, short(value)) for end, value in zip((self.low, self.high), values, strict=True)]

    def layout(self) -> PlotlyObject:
        """Build Plotly's axis. The format ``~g`` writes 0.0003; by default Plotly writes 300µ."""
        margin = 0.5 if self.categories else 0.04 * (self.high - self.low or 1.0)
        axis: PlotlyObject = {
            "title": {"text": self.title},
            "tickformat": "~g",
            "range": [self.low - margin, self.high + margin],
            "zeroline": False,
        }
        if ticks := self.ticks():
            coordinates, labels = zip(*ticks, strict=True)
            axis |= {"tickmode": "array", "tickvals": list(coordinates), "ticktext": list(labels)}
        return axis

    def _names(self) -> list[tuple[float, str]]:
        labels = [dimension_value(self.name, value) for value in self.categories]
        return [(float(index), label) for index, label in enumerate(labels)]

    def _decades(self) -> list[float]:
        wide = self.high - self.low > _MANY_DECADES
        steps = (1,) if wide else (1, 2, 5)
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        values = [step * 10.0**power for power in powers for step in steps]
        return [value for value in values if self.low - 0.1 <= math.log10(value) <= self.high + 0.1]


def axes_of(trials: Sequence[TrialRecord], space: SearchSpace) -> list[Axis]:
    """Build an axis for each dimension that differs between trials, in the order of the search space."""
    values: dict[str, list[Any]] = {name: [] for name in DIMENSIONS}
    for trial in trials:
        for name, value in trial.params.items():
            values.setdefault(name, []).append(value)
    axes = [axis_of(name, used, space) for name, used in values.items() if used and name in DIMENSIONS]
    return [axis for axis in axes if axis.high > axis.low]


def axis_of(name: str, values: Sequence[Any], space: SearchSpace) -> Axis:
    """Build the axis of a dimension, long enough for its domain and for every value."""
    domain: Domain = space.domains.get(name, DIMENSIONS[name].domain)
    if isinstance(domain, Categorical) or any(isinstance(value, str | bool) for value in values):
        choices = domain.choices if isinstance(domain, Categorical) else ()
        used = tuple(value for value in dict.fromkeys((*choices, *values)) if value in values)
        categories = tuple(sorted(used)) if _are_numbers(used) else used
        return Axis(name=name, categories=categories, high=float(len(categories) - 1))
    if domain.whole and domain.high - domain.low <= _MAX_WHOLE_NUMBERS:
        numbers = tuple(sorted(set(values)))
        return Axis(name=name, categories=numbers, high=float(len(numbers) - 1))
    return _numeric_axis(name, values, domain)


def value_range(trials: Sequence[TrialRecord], goal: Goal) -> tuple[float, float]:
    """Compute the ends of the value axis: all good values, but not the outliers at the poor end."""
    values = np.array([in_display_unit(trial.value, goal) for trial in trials if trial.value is not None])
    if not len(values):
        return (0.0, 1.0) if goal is Goal.LOSS else (0.0, 100.0)
    low, high = float(values.min()), float(values.max())
    low_fence, high_fence = tukey_fences(values)
    if goal.is_better_low:
        high = min(high, high_fence)
    else:
        low = max(low, low_fence)
    margin = _VALUE_MARGIN * (high - low) or 0.5
    return low - margin, high + margin


def value_axis(goal: Goal, ends: tuple[float, float], *, titled: bool = True) -> PlotlyObject:
    """Build Plotly's axis of the value."""
    title = _(GOAL_UNITS[goal]) if titled else ""
    return {"title": {"text": title}, "range": list(ends), "tickformat": "~g"}


def _numeric_axis(name: str, values: Sequence[Any], domain: Numbers) -> Axis:
    ends = [float(value) for value in (*values, domain.low, domain.high)]
    if domain.log:
        ends = [math.log10(end) for end in ends if end > 0]
    return Axis(name=name, log=domain.log, low=min(ends), high=max(ends))


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
