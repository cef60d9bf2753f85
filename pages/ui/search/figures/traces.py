"""Plotly traces of trials: markers, and many lines in one trace."""

from __future__ import annotations

from collections.abc import Sequence

from pages.ui.plotly_types import PlotlyObject
from pages.ui.text import _


def joined_lines(
    name: str,
    x: Sequence[float | None],
    y: Sequence[float | None],
    numbers: Sequence[int],
    *,
    colour: str,
    width: float,
    opacity: float,
) -> PlotlyObject:
    """A trace that holds the lines of several trials, with a None between two; ``numbers`` says whose a point is."""
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "customdata": numbers,
        "hovertemplate": _("trial {n}").format(n="%{customdata}") + "<extra></extra>",
        "mode": "lines",
        "name": name,
        "line": {"color": colour, "width": width},
        "opacity": opacity,
    }


def hover() -> str:
    """Hover template with a trial's number and value, from ``customdata`` and ``text``."""
    return _("trial {n}: {value}").format(n="%{customdata}", value="%{text}") + "<extra></extra>"


def filled(colour: str, *, opacity: float = 0.75) -> PlotlyObject:
    return {"color": colour, "size": 6, "opacity": opacity}


def hollow(colour: str) -> PlotlyObject:
    return {"color": colour, "size": 6, "symbol": "circle-open", "opacity": 0.8}
