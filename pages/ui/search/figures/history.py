"""A search's charts, from its trials alone: how it went, and what mattered.

Redrawn every moment while a search lasts, they are plain data, as ``pages.ui.curves``
draws. Every mark of a trial carries its number, so that a click can tell which it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.search.config import Goal, Tradeoff
from core.search.records import TrialRecord, TrialState, best_so_far, pareto_front
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, TRAIN_COLOUR
from pages.ui.curves import Drawing
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import (
    GOAL_UNITS,
    TRADEOFF_UNITS,
    dimension_name,
    format_second,
    format_value,
    in_display_unit,
)
from pages.ui.search.figures.axes import Axis
from pages.ui.search.figures.traces import filled, hollow, hover, joined_lines
from pages.ui.text import _

Trials = Sequence[TrialRecord]

# From poor to good; both ends keep 3:1 on white and on black, and differ for every eye.
GOODNESS = ("#C2703A", "#A98A6A", "#8E8E96", "#6F97B8", "#2E86C9")
MOST_CURVE_POINTS = 12_000
_FENCE = 1.5  # times the middle half: values farther down do not stretch the axis
_FEW_TRIALS = 10  # for which the history has room from the beginning
_ROOM_FOR_WORDS = 1.2  # so that they stand beyond the last trial
_EDGE = 0.02  # of an axis
# Words that lie on marks and lines, readable on both themes.
CHIP = {"font": {"size": 11, "color": "#FFFFFF"}, "bgcolor": "rgba(84,84,92,0.85)", "borderpad": 2}


def history(trials: Trials, goal: Goal, *, chosen: int | None = None) -> Drawing:
    """Every trial in the order in which they ended, the best so far, and the settings to be beaten."""
    places = {trial.number: place for place, trial in enumerate(trials, start=1)}
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.value is not None]
    pruned = [trial for trial in trials if trial.state is TrialState.PRUNED and trial.value is not None]
    low, high = value_range(complete, goal)
    failed = [trial for trial in trials if trial.state is TrialState.FAILED]
    best = [None if value is None else in_display_unit(value, goal) for value in best_so_far(trials, goal)]
    data = [
        _points(pruned, places, goal, (low, high), name=_("pruned"), marker=hollow(MUTED_COLOUR)),
        _points(complete, places, goal, (low, high), name=_("complete"), marker=filled(TRAIN_COLOUR)),
        _failures(failed, places, _inside((low, high))[1 if goal.is_better_low else 0]),
        {
            "type": "scatter",
            "x": list(range(1, len(trials) + 1)),
            "y": best,
            "name": _("best so far"),
            "mode": "lines",
            "line": {"color": GOOD_COLOUR, "width": 2.5, "shape": "hv"},
            "hoverinfo": "skip",
        },
        *_ring(
            [trial for trial in (*complete, *pruned) if trial.number == chosen], places, goal, (low, high)
        ),
    ]
    default = next((trial for trial in complete if trial.is_baseline), None)
    shapes, notes = _line_of_default(default, goal)
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {
                "title": {"text": _("trials, in the order of their ends")},
                "range": [0, _ROOM_FOR_WORDS * max(_FEW_TRIALS, len(trials))],
            },
            "yaxis": {"title": {"text": _(GOAL_UNITS[goal])}, "range": [low, high], "tickformat": "~g"},
            "shapes": shapes,
            "annotations": notes,
            "showlegend": True,
            "hovermode": "closest",
        },
    }


def value_range(trials: Trials, goal: Goal) -> tuple[float, float]:
    """The part of the value axis worth seeing: all that is good, and of what is poor not the outliers."""
    values = np.array([in_display_unit(trial.value, goal) for trial in trials if trial.value is not None])
    if not len(values):
        return (0.0, 1.0) if goal is Goal.LOSS else (0.0, 100.0)
    first, third = np.percentile(values, [25, 75])
    reach = _FENCE * max(third - first, 1e-3 * abs(third))
    low, high = float(values.min()), float(values.max())
    if goal.is_better_low:
        high = min(high, float(third + reach))
    else:
        low = max(low, float(first - reach))
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def slice_of(
    trials: Trials, axis: Axis, goal: Goal, *, best: TrialRecord | None, titled: bool = True
) -> Drawing:
    """The value over one dimension; the later a trial, the darker its mark.

    Args:
        best: the trial that the search chose; it is marked.
        titled: whether the value axis says what it is; not where a chart beside this one does.
    """
    complete = [
        trial
        for trial in trials
        if trial.state is TrialState.COMPLETE and trial.value is not None and axis.name in trial.params
    ]
    places = axis.places(complete)
    generator = np.random.default_rng(0)  # names stand beside each other, not on top
    spread = generator.uniform(-0.18, 0.18, len(places)) if axis.categories else np.zeros(len(places))
    trace = {
        "type": "scatter",
        "x": [None if x is None else round(x + float(dx), 4) for x, dx in zip(places, spread, strict=True)],
        "y": [_rounded(in_display_unit(trial.value or 0.0, goal)) for trial in complete],
        "customdata": [trial.number for trial in complete],
        "text": [format_value(trial.value, goal) for trial in complete],
        "hovertemplate": hover(),
        "mode": "markers",
        "marker": {
            "size": [11 if trial is best else 6 for trial in complete],
            "symbol": ["star" if trial is best else "circle" for trial in complete],
            "color": [GOOD_COLOUR if trial is best else TRAIN_COLOUR for trial in complete],
            "opacity": [
                1.0 if trial is best else round(0.35 + 0.5 * place / max(1, len(complete)), 2)
                for place, trial in enumerate(complete)
            ],
        },
    }
    low, high = value_range(complete, goal)
    return {
        "data": [trace],
        "layout": {
            "xaxis": axis.layout(),
            "yaxis": {
                "title": {"text": _(GOAL_UNITS[goal]) if titled else ""},
                "range": [low, high],
                "tickformat": "~g",
            },
            "showlegend": False,
            "hovermode": "closest",
        },
    }


def importance_bars(importances: Mapping[str, float]) -> Drawing:
    """Bar chart of parameter importances, the largest on top."""
    ordered = sorted(importances.items(), key=lambda pair: pair[1])
    longest = min(100.0, 125 * max(importances.values(), default=1.0)) or 100.0
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": [dimension_name(name) for name, _share in ordered],
                "x": [_rounded(100 * share) for _name, share in ordered],
                "text": [f"{100 * share:.0f}%" for _name, share in ordered],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": TRAIN_COLOUR},
                "hoverinfo": "skip",
            }
        ],
        "layout": {
            "xaxis": {"title": {"text": _("share of the differences (%)")}, "range": [0, longest]},
            "yaxis": {"automargin": True},
            "showlegend": False,
        },
    }


def curves(trials: Trials, goal: Goal, *, best: TrialRecord | None, chosen: int | None = None) -> Drawing:
    """The goal over the epochs of each trial: pruned ones dimmed, the chosen one and the best on top."""
    drawn = [trial for trial in drawable(trials) if trial is not best and trial.number != chosen]
    groups: list[tuple[str, Trials, str, float, float]] = [
        (
            _("pruned"),
            [trial for trial in drawn if trial.state is TrialState.PRUNED],
            MUTED_COLOUR,
            0.35,
            1.0,
        ),
        (
            _("complete"),
            [trial for trial in drawn if trial.state is TrialState.COMPLETE],
            TRAIN_COLOUR,
            0.45,
            1.2,
        ),
        (_("the best"), [best] if best else [], GOOD_COLOUR, 1.0, 3.0),
        (
            _("chosen"),
            [trial for trial in trials if trial.number == chosen and trial is not best],
            "#E0793A",
            1.0,
            3.0,
        ),
    ]
    data = [_curves(*group, goal) for group in groups]
    shown_trials = [trial for trial in trials if trial.state is not TrialState.FAILED]
    low, high = value_range(shown_trials, goal)
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {"title": {"text": _("epoch")}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": _(GOAL_UNITS[goal])}, "range": [low, high], "tickformat": "~g"},
            "showlegend": True,
            "hovermode": "closest",
        },
    }


def drawable(trials: Trials) -> list[TrialRecord]:
    """The trials whose curves are drawn: the newest, as many as stay quick."""
    found: list[TrialRecord] = []
    points = 0
    for trial in reversed(trials):
        points += len(trial.curve)
        if points > MOST_CURVE_POINTS:
            break
        if trial.curve:
            found.append(trial)
    return found[::-1]


def pareto(trials: Trials, goal: Goal, tradeoff: Tradeoff, *, chosen: int | None = None) -> Drawing:
    """Scatter plot of both objectives; a line joins the Pareto front."""
    front = pareto_front(trials, goal)
    known = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.second is not None]
    in_front = {trial.number for trial in front}
    others = [trial for trial in known if trial.number not in in_front]
    default = [trial for trial in known if trial.is_baseline]
    scale = 1e-6 if tradeoff is Tradeoff.SIZE else 1.0

    def marks(some: Trials, name: str, mode: str, **look: Any) -> PlotlyObject:
        return {
            "type": "scatter",
            "x": [_rounded((trial.second or 0.0) * scale) for trial in some],
            "y": [_rounded(in_display_unit(trial.value or 0.0, goal)) for trial in some],
            "customdata": [trial.number for trial in some],
            "text": [
                f"{format_value(trial.value, goal)} · {format_second(trial.second, tradeoff)}"
                for trial in some
            ],
            "hovertemplate": hover(),
            "mode": mode,
            "name": name,
            **look,
        }

    data = [
        marks(others, _("dominated"), "markers", marker=filled(MUTED_COLOUR, opacity=0.5)),
        marks(
            front,
            _("Pareto front"),
            "lines+markers",
            line={"color": GOOD_COLOUR, "width": 2},
            marker={"color": GOOD_COLOUR, "size": 9},
        ),
        marks(
            default, _("baseline"), "markers", marker=hollow(TRAIN_COLOUR) | {"size": 13, "symbol": "diamond-open", "line": {"width": 2.5}}
        ),
        marks(
            [trial for trial in known if trial.number == chosen],
            _("chosen"),
            "markers",
            marker={"color": "#E0793A", "size": 16, "symbol": "circle-open", "line": {"width": 3}},
        ),
    ]  # fmt: skip
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {
                "title": {"text": _(TRADEOFF_UNITS[tradeoff])},
                "tickformat": "~g",
            },
            "yaxis": {
                "title": {"text": _(GOAL_UNITS[goal])},
                "range": list(value_range(known, goal)),
                "tickformat": "~g",
            },
            "showlegend": True,
            "hovermode": "closest",
        },
    }


def one_curve(trial: TrialRecord, goal: Goal) -> Drawing:
    """The goal over the epochs of one trial."""
    drawing = curves([trial], goal, best=trial)
    for trace in drawing["data"]:
        trace |= {"name": _("validation"), "mode": "lines+markers", "opacity": 1.0}
    drawing["layout"]["showlegend"] = False
    values = [in_display_unit(value, goal) for _epoch, value in trial.curve]
    margin = 0.08 * (max(values) - min(values)) or 0.5
    drawing["layout"]["yaxis"]["range"] = [min(values) - margin, max(values) + margin]
    return drawing


def _points(
    trials: Trials,
    places: Mapping[int, int],
    goal: Goal,
    ends: tuple[float, float],
    *,
    name: str,
    marker: PlotlyObject,
) -> PlotlyObject:
    """Marks of trials; those beyond the ends of the axis stand at its end, their words tell the value."""
    low, high = _inside(ends)
    return {
        "type": "scatter",
        "x": [places[trial.number] for trial in trials],
        "y": [_rounded(min(high, max(low, in_display_unit(trial.value or 0.0, goal)))) for trial in trials],
        "cliponaxis": False,
        "customdata": [trial.number for trial in trials],
        "text": [format_value(trial.value, goal) for trial in trials],
        "hovertemplate": hover(),
        "mode": "markers",
        "name": name,
        "marker": marker,
    }


def _inside(ends: tuple[float, float]) -> tuple[float, float]:
    """As near to the ends as a mark can stand and be seen."""
    margin = _EDGE * (ends[1] - ends[0])
    return ends[0] + margin, ends[1] - margin


def _failures(trials: Trials, places: Mapping[int, int], height: float) -> PlotlyObject:
    """Crosses at the poor end: a failed trial has no value."""
    return {
        "type": "scatter",
        "x": [places[trial.number] for trial in trials],
        "y": [_rounded(height)] * len(trials),
        "customdata": [trial.number for trial in trials],
        "hovertemplate": _("trial {n} failed").format(n="%{customdata}") + "<extra></extra>",
        "mode": "markers",
        "name": _("failed"),
        "cliponaxis": False,
        "marker": {"color": "#BE2A20", "size": 8, "symbol": "x"},
    }


def _ring(
    trials: Trials, places: Mapping[int, int], goal: Goal, ends: tuple[float, float]
) -> list[PlotlyObject]:
    look = {"color": "#E0793A", "size": 15, "symbol": "circle-open", "line": {"width": 3}}
    return [_points(trials, places, goal, ends, name=_("chosen"), marker=look)]


def _line_of_default(
    default: TrialRecord | None, goal: Goal
) -> tuple[list[PlotlyObject], list[PlotlyObject]]:
    if default is None or default.value is None:
        return [], []
    height = in_display_unit(default.value, goal)
    line = {"color": MUTED_COLOUR, "width": 1.5, "dash": "dash"}
    shape = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": height, "y1": height, "line": line}
    note = {
        "text": _("baseline: {value}").format(value=format_value(default.value, goal)),
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "y": height,
        "yanchor": "middle",
        "showarrow": False,
        **CHIP,
    }
    return [shape], [note]


def _curves(name: str, trials: Trials, colour: str, opacity: float, width: float, goal: Goal) -> PlotlyObject:
    x: list[int | None] = []
    y: list[float | None] = []
    numbers: list[int] = []
    for trial in trials:
        x += [*(epoch for epoch, _value in trial.curve), None]
        y += [*(_rounded(in_display_unit(value, goal)) for _epoch, value in trial.curve), None]
        numbers += [trial.number] * (len(trial.curve) + 1)
    return joined_lines(name, x, y, numbers, colour=colour, width=width, opacity=opacity)


def _rounded(value: float) -> float:
    """Six digits: a figure is half as long."""
    return float(f"{value:.6g}")
