"""Parallel coordinates: each trial is a line over all its settings.

Drawn as lines, not as Plotly's "parcoords": that needs WebGL, and every trial must have every
dimension. Here the line of a trial without a dimension runs below that axis.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from unicodedata import east_asian_width

from core.search.config import Goal
from core.search.records import TrialRecord
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, plain
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import in_display_unit
from pages.ui.search.figures.axes import Axis, value_range
from pages.ui.search.figures.traces import GOODNESS, LABEL, Trials, complete_trials, joined_lines
from pages.ui.text import _

_BANDS = len(GOODNESS)
_MAX_THICK_LINES = 60
_LABEL_LETTERS = 9  # that fit beside an axis on a small screen
_TITLE_LETTERS = 14  # in a line of an axis title
_ABSENT = -0.14  # coordinate of a trial without the dimension


def parallel_coordinates(
    trials: Trials, axes: Sequence[Axis], goal: Goal, *, best: TrialRecord | None
) -> PlotlyObject:
    """Draw each complete trial as a line over its dimensions and its value, the good ones on top."""
    complete = complete_trials(trials)
    columns = [[axis.share(trial.params.get(axis.name)) for trial in complete] for axis in axes]
    low, high = value_range(complete, goal)
    if goal is not Goal.LOSS:
        high = min(high, 100.0)
    shares = [(in_display_unit(trial.value or 0.0, goal) - low) / (high - low) for trial in complete]
    columns.append([min(1.0, max(0.0, share)) for share in shares])
    rows = list(zip(*columns, strict=True))
    data = []
    for band, (colour, name) in enumerate(zip(GOODNESS, _band_names(), strict=True)):
        members = [index for index in _band(complete, goal, band) if complete[index] is not best]
        width = 1.4 if band == _BANDS - 1 and len(members) < _MAX_THICK_LINES else 0.8
        data.append(_lines(rows, complete, members, name, colour, width, 0.25 + 0.15 * band))
    if best in complete:
        data.append(_lines(rows, complete, [complete.index(best)], _("the best"), GOOD_COLOUR, 3.5, 1.0))
    shapes, annotations = _axis_lines([*(axis.ends() for axis in axes), _value_ends(low, high)], axes)
    titles = [*(axis.title for axis in axes), _value_title(goal)]
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {
                "tickmode": "array",
                "tickvals": list(range(len(titles))),
                "ticktext": [wrapped(title, _TITLE_LETTERS) for title in titles],
                "showgrid": False,
                "zeroline": False,
                "range": [-0.25, len(titles) - 0.6],
            },
            "yaxis": {"visible": False, "range": [_ABSENT - 0.04, 1.1]},
            "shapes": shapes,
            "annotations": annotations,
            "hovermode": "closest",
            "showlegend": True,
        },
    }


def wrapped(text: str, letters: int) -> str:
    """Wrap a text into lines of about so many letters, for Plotly. A Chinese letter counts as two."""
    width = letters // 2 if any(east_asian_width(letter) in "WF" for letter in text) else letters
    return "<br>".join(map(plain, textwrap.wrap(text, width))) or plain(text)


def _band(trials: Trials, goal: Goal, band: int) -> list[int]:
    """Return the indices of the trials in one fifth, the poorest fifth first."""
    sign = -1.0 if goal.is_better_low else 1.0
    order = sorted(range(len(trials)), key=lambda index: sign * (trials[index].value or 0.0))
    ends = [round(len(order) * share / _BANDS) for share in range(_BANDS + 1)]
    return order[ends[band] : ends[band + 1]]


def _band_names() -> tuple[str, ...]:
    return (_("poorest fifth"), _("poor"), _("middle"), _("good"), _("best fifth"))


def _lines(
    rows: Sequence[Sequence[float | None]],
    trials: Trials,
    members: Sequence[int],
    name: str,
    colour: str,
    width: float,
    opacity: float,
) -> PlotlyObject:
    """Build one trace of the lines of the trials with these indices."""
    x: list[float | None] = []
    y: list[float | None] = []
    numbers: list[int] = []
    for index in members:
        row = rows[index]
        x += [*map(float, range(len(row))), None]
        y += [*(_ABSENT if value is None else round(value, 4) for value in row), None]
        numbers += [trials[index].number] * (len(row) + 1)
    return joined_lines(name, x, y, numbers, colour=colour, width=width, opacity=opacity)


def _axis_lines(
    ends: Sequence[Sequence[tuple[float, str]]], axes: Sequence[Axis]
) -> tuple[list[PlotlyObject], list[PlotlyObject]]:
    """Build a vertical line for each axis, and the labels along it."""
    shapes, annotations = [], []
    for column, labels in enumerate(ends):
        line = {"color": MUTED_COLOUR, "width": 1}
        shapes.append({"type": "line", "x0": column, "x1": column, "y0": 0, "y1": 1, "line": line})
        span = axes[column] if column < len(axes) else None
        for coordinate, text in labels:
            share = (coordinate - span.low) / (span.high - span.low) if span else coordinate
            annotations.append(
                {
                    "text": wrapped(text, _LABEL_LETTERS),
                    "align": "left",
                    "x": column,
                    "y": share,
                    "xanchor": "left" if column < len(axes) else "right",
                    "xshift": 3 if column < len(axes) else -3,
                    "showarrow": False,
                    **LABEL,
                }
            )
    return shapes, annotations


def _value_ends(low: float, high: float) -> list[tuple[float, str]]:
    return [(0.0, f"{low:.3g}"), (1.0, f"{high:.3g}")]


def _value_title(goal: Goal) -> str:
    return _("loss") if goal is Goal.LOSS else _("value (%)")
