"""Two dimensions at once: how the value lies over them, smoothed between the trials that were tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.search.config import Goal
from core.search.records import TrialRecord, TrialState
from pages.ui.charts import GOOD_COLOUR, plain
from pages.ui.curves import Drawing
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import GOAL_UNITS, dimension_value, format_value, in_display_unit
from pages.ui.search.figures.axes import Axis
from pages.ui.search.figures.history import GOODNESS, value_range
from pages.ui.search.figures.traces import hover
from pages.ui.text import _

_CELLS = 40  # a side
_REACH = 0.09  # of an axis: how far a trial speaks
_LEAST_EVIDENCE = 0.15  # of a trial nearby; elsewhere the chart stays empty


def contour(
    trials: Sequence[TrialRecord], across: Axis, upwards: Axis, goal: Goal, *, best: TrialRecord | None
) -> Drawing:
    """The value over two dimensions; nothing is drawn where no trial is near."""
    known = [
        trial
        for trial in trials
        if trial.state is TrialState.COMPLETE
        and trial.value is not None
        and {across.name, upwards.name} <= trial.params.keys()
    ]
    values = np.array([in_display_unit(trial.value or 0.0, goal) for trial in known])
    low, high = value_range(known, goal)
    scale = GOODNESS[::-1] if goal.is_better_low else GOODNESS
    colours = [[place / (len(scale) - 1), colour] for place, colour in enumerate(scale)]
    data: list[PlotlyObject] = []
    if known:
        data.append(_surface(known, across, upwards, np.clip(values, low, high), colours))
        data.append(_marks(known, across, upwards, goal, best))
    return {
        "data": data,
        "layout": {
            "xaxis": across.layout() | {"showgrid": False},
            "yaxis": upwards.layout() | {"showgrid": False},
            "showlegend": False,
            "hovermode": "closest",
            "coloraxis": {
                "colorscale": colours,
                "cmin": low,
                "cmax": high,
                "colorbar": {"title": {"text": _(GOAL_UNITS[goal]), "side": "right"}, "thickness": 12},
            },
        },
    }


def smoothed(places: np.ndarray, values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """The mean of the values around each point of a grid, weighted by a bell curve; NaN far from all.

    Args:
        places: float64 (n, 2), each axis from 0 to 1.
        values: float64 (n,).
        grid: float64 (m, 2).
    Returns:
        float64 (m,).
    """
    distances = ((grid[:, None, :] - places[None, :, :]) ** 2).sum(axis=2)
    weights = np.exp(-distances / (2 * _REACH**2))
    evidence = weights.sum(axis=1)
    means = weights @ values / np.maximum(evidence, 1e-12)
    return np.where(evidence < _LEAST_EVIDENCE, np.nan, means)


def _surface(
    trials: Sequence[TrialRecord], across: Axis, upwards: Axis, values: np.ndarray, colours: list[Any]
) -> PlotlyObject:
    x, y = _steps(across), _steps(upwards)
    grid = np.array([[_share(across, place), _share(upwards, height)] for height in y for place in x])
    places = np.array(
        [
            [across.share(trial.params[across.name]), upwards.share(trial.params[upwards.name])]
            for trial in trials
        ],
        dtype=np.float64,
    )
    heights = smoothed(places, values, grid).reshape(len(y), len(x))
    rows = [[None if np.isnan(cell) else round(float(cell), 4) for cell in row] for row in heights]
    return {
        "type": "heatmap" if across.categories or upwards.categories else "contour",
        "x": x,
        "y": y,
        "z": rows,
        "coloraxis": "coloraxis",
        "hoverinfo": "skip",
    } | ({} if across.categories or upwards.categories else {"contours": {"coloring": "heatmap"}, "line": {"width": 0.5, "color": "rgba(255,255,255,0.5)"}})  # fmt: skip


def _marks(
    trials: Sequence[TrialRecord], across: Axis, upwards: Axis, goal: Goal, best: TrialRecord | None
) -> PlotlyObject:
    return {
        "type": "scatter",
        "x": _beside_each_other(across, trials, seed=0),
        "y": _beside_each_other(upwards, trials, seed=1),
        "customdata": [trial.number for trial in trials],
        "text": [_words(trial, across, upwards, goal) for trial in trials],
        "hovertemplate": hover(),
        "mode": "markers",
        "marker": {
            "color": [GOOD_COLOUR if trial is best else "rgba(20,20,24,0.55)" for trial in trials],
            "size": [14 if trial is best else 5 for trial in trials],
            "symbol": ["star" if trial is best else "circle" for trial in trials],
            "line": {"width": 0.8, "color": "white"},
        },
    }


def _beside_each_other(axis: Axis, trials: Sequence[TrialRecord], *, seed: int) -> list[float | None]:
    """Coordinates of the markers; those of a category are jittered."""
    places = axis.places(trials)
    if not axis.categories:
        return places
    spread = np.random.default_rng(seed).uniform(-0.25, 0.25, len(places))
    return [None if x is None else round(x + float(dx), 4) for x, dx in zip(places, spread, strict=True)]


def _words(trial: TrialRecord, across: Axis, upwards: Axis, goal: Goal) -> str:
    facts = [dimension_value(axis.name, trial.params[axis.name]) for axis in (across, upwards)]
    return "<br>".join([format_value(trial.value, goal), *map(plain, facts)])


def _steps(axis: Axis) -> list[float]:
    """Places along an axis: of names each, of numbers evenly spread."""
    if axis.categories:
        return [float(place) for place in range(len(axis.categories))]
    return [round(float(place), 5) for place in np.linspace(axis.low, axis.high, _CELLS)]


def _share(axis: Axis, place: float) -> float:
    return (place - axis.low) / (axis.high - axis.low)
