"""Slice plot: the value of the trials over one dimension."""

from __future__ import annotations

import numpy as np

from core.search.config import Goal
from core.search.records import TrialRecord
from pages.ui.charts import GOOD_COLOUR, TRAIN_COLOUR
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import format_value
from pages.ui.search.figures.axes import Axis, value_axis, value_range
from pages.ui.search.figures.traces import Trials, complete_trials, display_value, hover

_JITTER = 0.18  # of the distance between two categories


def slice_plot(
    trials: Trials, axis: Axis, goal: Goal, *, best: TrialRecord | None, titled: bool = True
) -> PlotlyObject:
    """Draw the value over one dimension; later trials are darker.

    Args:
        best: the trial that the search selected; it is marked.
        titled: the value axis has a title; False next to a chart that has it.
    """
    shown = [trial for trial in complete_trials(trials) if axis.name in trial.params]
    trace = {
        "type": "scatter",
        "x": axis.jittered_coordinates(shown, jitter=_JITTER, seed=0),
        "y": [display_value(trial, goal) for trial in shown],
        "customdata": [trial.number for trial in shown],
        "text": [format_value(trial.value, goal) for trial in shown],
        "hovertemplate": hover(),
        "mode": "markers",
        "marker": {
            "size": [11 if trial is best else 6 for trial in shown],
            "symbol": ["star" if trial is best else "circle" for trial in shown],
            "color": [GOOD_COLOUR if trial is best else TRAIN_COLOUR for trial in shown],
            "opacity": [
                1.0 if trial is best else opacity
                for trial, opacity in zip(shown, _opacities(len(shown)), strict=True)
            ],
        },
    }
    return {
        "data": [trace],
        "layout": {
            "xaxis": axis.layout(),
            "yaxis": value_axis(goal, value_range(shown, goal), titled=titled),
            "showlegend": False,
            "hovermode": "closest",
        },
    }


def _opacities(count: int) -> list[float]:
    """Return opacities from 0.35 for the first trial up to 0.85."""
    return [float(value) for value in np.round(0.35 + 0.5 * np.arange(count) / max(1, count), 2)]
