"""Optimization history: the value of each trial, the best value so far, and the baseline."""

from __future__ import annotations

from collections.abc import Mapping

from core.search.config import Goal
from core.search.records import TrialRecord, TrialState, best_so_far
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, TRAIN_COLOUR
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import format_value, in_display_unit
from pages.ui.search.figures.axes import value_axis, value_range
from pages.ui.search.figures.traces import (
    CHOSEN_COLOUR,
    FAILED_COLOUR,
    LABEL,
    Trials,
    complete_trials,
    filled,
    hollow,
    hover,
    rounded,
)
from pages.ui.text import _

_MIN_TRIALS = 10  # that have room on the axis from the beginning
_ROOM_FOR_LABEL = 1.2  # length of the axis in trials, so that the baseline's label is right of them
_EDGE_FRACTION = 0.02  # distance of a clipped mark from the end of the axis


def optimization_history(trials: Trials, goal: Goal, *, chosen: int | None = None) -> PlotlyObject:
    """Draw every trial in the order of their ends, the best value so far, and the baseline."""
    positions = {trial.number: position for position, trial in enumerate(trials, start=1)}
    complete = complete_trials(trials)
    pruned = [trial for trial in trials if trial.state is TrialState.PRUNED and trial.value is not None]
    failed = [trial for trial in trials if trial.state is TrialState.FAILED]
    selected = [trial for trial in (*complete, *pruned) if trial.number == chosen]
    ends = value_range(complete, goal)
    ring = {"color": CHOSEN_COLOUR, "size": 15, "symbol": "circle-open", "line": {"width": 3}}
    data = [
        _points(pruned, positions, goal, ends, name=_("pruned"), marker=hollow(MUTED_COLOUR)),
        _points(complete, positions, goal, ends, name=_("complete"), marker=filled(TRAIN_COLOUR)),
        _failures(failed, positions, _visible_range(ends)[1 if goal.is_better_low else 0]),
        _best_line(trials, goal),
        _points(selected, positions, goal, ends, name=_("chosen"), marker=ring),
    ]
    baseline = next((trial for trial in complete if trial.is_baseline), None)
    shapes, annotations = _baseline_line(baseline, goal)
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {
                "title": {"text": _("trials, in the order of their ends")},
                "range": [0, _ROOM_FOR_LABEL * max(_MIN_TRIALS, len(trials))],
            },
            "yaxis": value_axis(goal, ends),
            "shapes": shapes,
            "annotations": annotations,
            "showlegend": True,
            "hovermode": "closest",
        },
    }


def _best_line(trials: Trials, goal: Goal) -> PlotlyObject:
    best = [None if value is None else in_display_unit(value, goal) for value in best_so_far(trials, goal)]
    return {
        "type": "scatter",
        "x": list(range(1, len(trials) + 1)),
        "y": best,
        "name": _("best so far"),
        "mode": "lines",
        "line": {"color": GOOD_COLOUR, "width": 2.5, "shape": "hv"},
        "hoverinfo": "skip",
    }


def _points(
    trials: Trials,
    positions: Mapping[int, int],
    goal: Goal,
    ends: tuple[float, float],
    *,
    name: str,
    marker: PlotlyObject,
) -> PlotlyObject:
    """Build marks of trials. Those beyond the axis are drawn at its end; their hover text has the true value."""
    low, high = _visible_range(ends)
    return {
        "type": "scatter",
        "x": [positions[trial.number] for trial in trials],
        "y": [rounded(min(high, max(low, in_display_unit(trial.value or 0.0, goal)))) for trial in trials],
        "cliponaxis": False,
        "customdata": [trial.number for trial in trials],
        "text": [format_value(trial.value, goal) for trial in trials],
        "hovertemplate": hover(),
        "mode": "markers",
        "name": name,
        "marker": marker,
    }


def _visible_range(ends: tuple[float, float]) -> tuple[float, float]:
    """Return the lowest and highest value at which a mark is not cut off."""
    margin = _EDGE_FRACTION * (ends[1] - ends[0])
    return ends[0] + margin, ends[1] - margin


def _failures(trials: Trials, positions: Mapping[int, int], value: float) -> PlotlyObject:
    """Build crosses at the poor end of the axis: a failed trial has no value."""
    return {
        "type": "scatter",
        "x": [positions[trial.number] for trial in trials],
        "y": [rounded(value)] * len(trials),
        "customdata": [trial.number for trial in trials],
        "hovertemplate": _("trial {n} failed").format(n="%{customdata}") + "<extra></extra>",
        "mode": "markers",
        "name": _("failed"),
        "cliponaxis": False,
        "marker": {"color": FAILED_COLOUR, "size": 8, "symbol": "x"},
    }


def _baseline_line(baseline: TrialRecord | None, goal: Goal) -> tuple[list[PlotlyObject], list[PlotlyObject]]:
    """Build the dashed line of the baseline and its label; nothing if it has no value."""
    if baseline is None or baseline.value is None:
        return [], []
    value = in_display_unit(baseline.value, goal)
    line = {"color": MUTED_COLOUR, "width": 1.5, "dash": "dash"}
    shape = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line}
    annotation = {
        "text": _("baseline: {value}").format(value=format_value(baseline.value, goal)),
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "y": value,
        "yanchor": "middle",
        "showarrow": False,
        **LABEL,
    }
    return [shape], [annotation]
