"""Each trial as a line over all its settings: where the good ones run together.

Lines, not Plotly's own "parcoords": that needs WebGL and cannot leave out a dimension
which a trial does not have; such a line runs below the axis.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from unicodedata import east_asian_width

from core.search.config import Goal
from core.search.records import TrialRecord, TrialState
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, plain
from pages.ui.curves import Drawing
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import in_display_unit
from pages.ui.search.figures.axes import Axis
from pages.ui.search.figures.history import CHIP, GOODNESS, Trials, value_range
from pages.ui.search.figures.traces import joined_lines
from pages.ui.text import _

_BANDS = len(GOODNESS)
_FEW_LINES = 60
_CHIP_LETTERS = 9  # as many as stand beside an axis on a small screen
_NARROW = 14  # letters: a longer title goes on in the next line
_ABSENT = -0.14  # where a line runs whose trial did not have the dimension


def parallel(trials: Trials, axes: Sequence[Axis], goal: Goal, *, best: TrialRecord | None) -> Drawing:
    """Each complete trial as a line over its dimensions and its value, the good ones on top."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.value is not None]
    columns = [[axis.share(trial.params.get(axis.name)) for trial in complete] for axis in axes]
    low, high = value_range(complete, goal)
    if goal is not Goal.LOSS:
        high = min(high, 100.0)
    heights = [(in_display_unit(trial.value or 0.0, goal) - low) / (high - low) for trial in complete]
    columns.append([min(1.0, max(0.0, height)) for height in heights])
    rows = list(zip(*columns, strict=True))
    data = []
    for band, (colour, name) in enumerate(zip(GOODNESS, _band_names(), strict=True)):
        inside = [place for place in _band(complete, goal, band) if complete[place] is not best]
        width = 1.4 if band == _BANDS - 1 and len(inside) < _FEW_LINES else 0.8
        data.append(_lines(rows, complete, inside, name, colour, width, 0.25 + 0.15 * band))
    if best in complete:
        data.append(_lines(rows, complete, [complete.index(best)], _("the best"), GOOD_COLOUR, 3.5, 1.0))
    shapes, notes = _uprights([*(axis.ends() for axis in axes), _value_ends(low, high)], axes)
    titles = [*(axis.title for axis in axes), _short(goal)]
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {
                "tickmode": "array",
                "tickvals": list(range(len(titles))),
                "ticktext": [wrapped(title, _NARROW) for title in titles],
                "showgrid": False,
                "zeroline": False,
                "range": [-0.25, len(titles) - 0.6],
            },
            "yaxis": {"visible": False, "range": [_ABSENT - 0.04, 1.1]},
            "shapes": shapes,
            "annotations": notes,
            "hovermode": "closest",
            "showlegend": True,
        },
    }


def wrapped(text: str, letters: int) -> str:
    """In lines of about so many letters, as Plotly writes them; a Chinese letter is as wide as two."""
    room = letters // 2 if any(east_asian_width(letter) in "WF" for letter in text) else letters
    return "<br>".join(map(plain, textwrap.wrap(text, room))) or plain(text)


def _band(trials: Trials, goal: Goal, band: int) -> list[int]:
    """The places of the trials in one fifth, the poorest fifth first."""
    sign = -1.0 if goal.is_better_low else 1.0
    order = sorted(range(len(trials)), key=lambda place: sign * (trials[place].value or 0.0))
    ends = [round(len(order) * share / _BANDS) for share in range(_BANDS + 1)]
    return order[ends[band] : ends[band + 1]]


def _band_names() -> tuple[str, ...]:
    return (_("poorest fifth"), _("poor"), _("middle"), _("good"), _("best fifth"))


def _lines(
    rows: Sequence[Sequence[float | None]],
    trials: Trials,
    inside: Sequence[int],
    name: str,
    colour: str,
    width: float,
    opacity: float,
) -> PlotlyObject:
    """Lines of several trials as one, with gaps between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    numbers: list[int] = []
    for place in inside:
        row = rows[place]
        x += [*map(float, range(len(row))), None]
        y += [*(_ABSENT if value is None else round(value, 4) for value in row), None]
        numbers += [trials[place].number] * (len(row) + 1)
    return joined_lines(name, x, y, numbers, colour=colour, width=width, opacity=opacity)


def _uprights(
    ends: Sequence[Sequence[tuple[float, str]]], axes: Sequence[Axis]
) -> tuple[list[PlotlyObject], list[PlotlyObject]]:
    """An upright line for each axis, and what is written along it."""
    shapes, notes = [], []
    for column, written in enumerate(ends):
        line = {"color": MUTED_COLOUR, "width": 1}
        shapes.append({"type": "line", "x0": column, "x1": column, "y0": 0, "y1": 1, "line": line})
        span = axes[column] if column < len(axes) else None
        for place, text in written:
            height = (place - span.low) / (span.high - span.low) if span else place
            notes.append(
                {
                    "text": wrapped(text, _CHIP_LETTERS),
                    "align": "left",
                    "x": column,
                    "y": height,
                    "xanchor": "left" if column < len(axes) else "right",
                    "xshift": 3 if column < len(axes) else -3,
                    "showarrow": False,
                    **CHIP,
                }
            )
    return shapes, notes


def _value_ends(low: float, high: float) -> list[tuple[float, str]]:
    return [(0.0, f"{low:.3g}"), (1.0, f"{high:.3g}")]


def _short(goal: Goal) -> str:
    return _("loss") if goal is Goal.LOSS else _("value (%)")
