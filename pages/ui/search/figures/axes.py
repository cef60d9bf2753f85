"""Axes of dimensions: linear, logarithmic and categorical.

All charts of a search place values the same way. A trial for which the dimension did not
exist (units of a hidden layer it does not have) has no place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.search.records import TrialRecord
from core.search.space import DIMENSIONS, Categorical, Domain, Numbers, SearchSpace
from pages.ui.charts import plain
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import dimension_name, dimension_value, short

_MANY_DECADES = 2.5  # beyond, a tick a decade is enough
_FEW_NUMBERS = 10  # whole ones: each gets a place of its own
_WIDTH_OF_ONE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One dimension on an axis."""

    name: str
    categories: tuple[Any, ...] = ()  # its values, where it has names or few choices
    log: bool = False
    low: float = 0.0  # the span of places
    high: float = 1.0

    @property
    def title(self) -> str:
        return dimension_name(self.name)

    def place(self, value: Any) -> float | None:
        """Coordinate of a value; None for a missing one."""
        if value is None:
            return None
        if self.categories:
            return float(self.categories.index(value)) if value in self.categories else None
        number = float(value)
        if self.log:
            return math.log10(number) if number > 0 else None
        return number

    def places(self, trials: Sequence[TrialRecord]) -> list[float | None]:
        return [self.place(trial.params.get(self.name)) for trial in trials]

    def share(self, value: Any) -> float | None:
        """Coordinate of a value as a share of the axis, 0 to 1."""
        place = self.place(value)
        if place is None:
            return None
        return (place - self.low) / max(_WIDTH_OF_ONE, self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Places with what is written there; none where the chart's own ticks do."""
        if self.categories:
            return [(place, plain(text)) for place, text in self._names()]
        if self.log:
            return [(math.log10(value), short(value)) for value in self._decades()]
        return []

    def ends(self) -> list[tuple[float, str]]:
        """Of names each, of numbers the two ends, as they are: not yet safe for Plotly."""
        if self.categories:
            return self._names()
        values = [10**end if self.log else end for end in (self.low, self.high)]
        return [(place, short(value)) for place, value in zip((self.low, self.high), values, strict=True)]

    def layout(self) -> PlotlyObject:
        """As Plotly has it. Plain ``~g`` writes 0.0003, where Plotly by itself writes 300µ."""
        margin = 0.5 if self.categories else 0.04 * (self.high - self.low or 1.0)
        found: PlotlyObject = {
            "title": {"text": self.title},
            "tickformat": "~g",
            "range": [self.low - margin, self.high + margin],
            "zeroline": False,
        }
        if ticks := self.ticks():
            places, texts = zip(*ticks, strict=True)
            found |= {"tickmode": "array", "tickvals": list(places), "ticktext": list(texts)}
        return found

    def _names(self) -> list[tuple[float, str]]:
        words = [dimension_value(self.name, value) for value in self.categories]
        return [(float(place), text) for place, text in enumerate(words)]

    def _decades(self) -> list[float]:
        wide = self.high - self.low > _MANY_DECADES
        steps = (1,) if wide else (1, 2, 5)
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        values = [step * 10.0**power for power in powers for step in steps]
        return [value for value in values if self.low - 0.1 <= math.log10(value) <= self.high + 0.1]


def axes_of(trials: Sequence[TrialRecord], space: SearchSpace) -> list[Axis]:
    """An axis for each dimension that differs between trials, in the order in which they are asked for."""
    values: dict[str, list[Any]] = {name: [] for name in DIMENSIONS}
    for trial in trials:
        for name, value in trial.params.items():
            values.setdefault(name, []).append(value)
    found = [axis_of(name, some, space) for name, some in values.items() if some and name in DIMENSIONS]
    return [axis for axis in found if axis.high > axis.low]


def axis_of(name: str, values: Sequence[Any], space: SearchSpace) -> Axis:
    """The axis of a dimension, long enough for its domain and for every value."""
    domain: Domain = space.domains.get(name, DIMENSIONS[name].domain)
    if isinstance(domain, Categorical) or any(isinstance(value, str | bool) for value in values):
        known = domain.choices if isinstance(domain, Categorical) else ()
        seen = tuple(value for value in dict.fromkeys((*known, *values)) if value in values)
        categories = tuple(sorted(seen)) if _are_numbers(seen) else seen
        return Axis(name=name, categories=categories, high=float(len(categories) - 1))
    if domain.whole and domain.high - domain.low <= _FEW_NUMBERS:
        counted = tuple(sorted(set(values)))
        return Axis(name=name, categories=counted, high=float(len(counted) - 1))
    return _numbers(name, values, domain)


def _numbers(name: str, values: Sequence[Any], domain: Numbers) -> Axis:
    ends = [float(value) for value in (*values, domain.low, domain.high)]
    if domain.log:
        ends = [math.log10(end) for end in ends if end > 0]
    return Axis(name=name, log=domain.log, low=min(ends), high=max(ends))


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
