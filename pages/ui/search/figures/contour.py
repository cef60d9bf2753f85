"""Contour plot: the value over two dimensions, smoothed between the trials."""

from __future__ import annotations

import numpy as np

from core.search.config import Goal
from core.search.records import TrialRecord
from core.statistics import kernel_smooth
from pages.ui.charts import GOOD_COLOUR, plain
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import GOAL_UNITS, dimension_value, format_value, in_display_unit
from pages.ui.search.figures.axes import Axis, value_range
from pages.ui.search.figures.traces import GOODNESS, Trials, complete_trials, hover
from pages.ui.text import _

_CELLS = 40  # along a side
_BANDWIDTH = 0.09  # of the smoothing, as a share of an axis
_LEAST_WEIGHT = 0.15  # of the trials nearby; elsewhere the plot is empty
_JITTER = 0.25  # of the distance between two categories


def contour(
    trials: Trials, x_axis: Axis, y_axis: Axis, goal: Goal, *, best: TrialRecord | None
) -> PlotlyObject:
    """Draw the value over two dimensions; the plot is empty far from all trials."""
    shown = [trial for trial in complete_trials(trials) if {x_axis.name, y_axis.name} <= trial.params.keys()]
    values = np.array([in_display_unit(trial.value or 0.0, goal) for trial in shown])
    low, high = value_range(shown, goal)
    scale = GOODNESS[::-1] if goal.is_better_low else GOODNESS
    colours = [[index / (len(scale) - 1), colour] for index, colour in enumerate(scale)]
    data: list[PlotlyObject] = []
    if shown:
        data.append(_surface(shown, x_axis, y_axis, np.clip(values, low, high)))
        data.append(_points(shown, x_axis, y_axis, goal, best))
    return {
        "data": data,
        "layout": {
            "xaxis": x_axis.layout() | {"showgrid": False},
            "yaxis": y_axis.layout() | {"showgrid": False},
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


def _surface(trials: Trials, x_axis: Axis, y_axis: Axis, values: np.ndarray) -> PlotlyObject:
    """Build the smoothed values: contours of two numeric axes, cells if one is categorical."""
    x, y = _grid_steps(x_axis), _grid_steps(y_axis)
    grid = np.array([[_share(x_axis, column), _share(y_axis, row)] for row in y for column in x])
    points = np.array(
        [[axis.share(trial.params[axis.name]) for axis in (x_axis, y_axis)] for trial in trials],
        dtype=np.float64,
    )
    smooth = kernel_smooth(points, values, grid, bandwidth=_BANDWIDTH, least_weight=_LEAST_WEIGHT)
    rows = [
        [None if np.isnan(value) else round(float(value), 4) for value in row]
        for row in smooth.reshape(len(y), len(x))
    ]
    surface = {"x": x, "y": y, "z": rows, "coloraxis": "coloraxis", "hoverinfo": "skip"}
    if x_axis.categories or y_axis.categories:
        return surface | {"type": "heatmap"}
    line = {"width": 0.5, "color": "rgba(255,255,255,0.5)"}
    return surface | {"type": "contour", "contours": {"coloring": "heatmap"}, "line": line}


def _points(trials: Trials, x_axis: Axis, y_axis: Axis, goal: Goal, best: TrialRecord | None) -> PlotlyObject:
    return {
        "type": "scatter",
        "x": x_axis.jittered_coordinates(trials, jitter=_JITTER, seed=0),
        "y": y_axis.jittered_coordinates(trials, jitter=_JITTER, seed=1),
        "customdata": [trial.number for trial in trials],
        "text": [_hover_text(trial, x_axis, y_axis, goal) for trial in trials],
        "hovertemplate": hover(),
        "mode": "markers",
        "marker": {
            "color": [GOOD_COLOUR if trial is best else "rgba(20,20,24,0.55)" for trial in trials],
            "size": [14 if trial is best else 5 for trial in trials],
            "symbol": ["star" if trial is best else "circle" for trial in trials],
            "line": {"width": 0.8, "color": "white"},
        },
    }


def _hover_text(trial: TrialRecord, x_axis: Axis, y_axis: Axis, goal: Goal) -> str:
    settings = [dimension_value(axis.name, trial.params[axis.name]) for axis in (x_axis, y_axis)]
    return "<br>".join([format_value(trial.value, goal), *map(plain, settings)])


def _grid_steps(axis: Axis) -> list[float]:
    """Return the coordinates of the categories, or evenly spaced ones of numbers."""
    if axis.categories:
        return [float(index) for index in range(len(axis.categories))]
    return [round(float(coordinate), 5) for coordinate in np.linspace(axis.low, axis.high, _CELLS)]


def _share(axis: Axis, coordinate: float) -> float:
    return (coordinate - axis.low) / (axis.high - axis.low)
