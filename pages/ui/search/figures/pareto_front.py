"""Pareto front: both objectives of the trials, and a line through those that none dominates."""

from __future__ import annotations

from typing import Any

from core.search.config import Goal, Tradeoff
from core.search.records import TrialState
from core.search.records import pareto_front as trials_of_front
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, TRAIN_COLOUR
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import TRADEOFF_UNITS, format_second, format_value
from pages.ui.search.figures.axes import value_axis, value_range
from pages.ui.search.figures.traces import (
    CHOSEN_COLOUR,
    Trials,
    display_value,
    filled,
    hollow,
    hover,
    rounded,
)
from pages.ui.text import _


def pareto_front(
    trials: Trials, goal: Goal, tradeoff: Tradeoff, *, chosen: int | None = None
) -> PlotlyObject:
    """Draw both objectives of each complete trial; a line joins the Pareto front."""
    front = trials_of_front(trials, goal)
    front_numbers = {trial.number for trial in front}
    shown = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.second is not None]
    dominated = [trial for trial in shown if trial.number not in front_numbers]
    baseline = [trial for trial in shown if trial.is_baseline]
    selected = [trial for trial in shown if trial.number == chosen]
    diamond = {"size": 13, "symbol": "diamond-open", "line": {"width": 2.5}}
    ring = {"color": CHOSEN_COLOUR, "size": 16, "symbol": "circle-open", "line": {"width": 3}}
    line = {"line": {"color": GOOD_COLOUR, "width": 2}, "marker": {"color": GOOD_COLOUR, "size": 9}}
    data = [
        _points(dominated, goal, tradeoff, _("dominated"), marker=filled(MUTED_COLOUR, opacity=0.5)),
        _points(front, goal, tradeoff, _("Pareto front"), mode="lines+markers", **line),
        _points(baseline, goal, tradeoff, _("baseline"), marker=hollow(TRAIN_COLOUR) | diamond),
        _points(selected, goal, tradeoff, _("chosen"), marker=ring),
    ]
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {"title": {"text": _(TRADEOFF_UNITS[tradeoff])}, "tickformat": "~g"},
            "yaxis": value_axis(goal, value_range(shown, goal)),
            "showlegend": True,
            "hovermode": "closest",
        },
    }


def _points(trials: Trials, goal: Goal, tradeoff: Tradeoff, name: str, **style: Any) -> PlotlyObject:
    scale = 1e-6 if tradeoff is Tradeoff.SIZE else 1.0
    return {
        "type": "scatter",
        "x": [rounded((trial.second or 0.0) * scale) for trial in trials],
        "y": [display_value(trial, goal) for trial in trials],
        "customdata": [trial.number for trial in trials],
        "text": [
            f"{format_value(trial.value, goal)} · {format_second(trial.second, tradeoff)}" for trial in trials
        ],
        "hovertemplate": hover(),
        "mode": "markers",
        "name": name,
    } | style
