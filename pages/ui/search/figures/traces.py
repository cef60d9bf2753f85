"""Plotly traces, colours and labels shared by the plots of a search."""

from __future__ import annotations

from collections.abc import Sequence

from core.search.config import Goal
from core.search.records import TrialRecord, TrialState
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import in_display_unit
from pages.ui.text import _

Trials = Sequence[TrialRecord]

# From poor to good; both ends have a contrast of 3:1 on white and on black, and differ for colour-blind people.
GOODNESS = ("#C2703A", "#A98A6A", "#8E8E96", "#6F97B8", "#2E86C9")
CHOSEN_COLOUR, FAILED_COLOUR = "#E0793A", "#BE2A20"
# Text on top of marks and lines, readable in both themes.
LABEL = {"font": {"size": 11, "color": "#FFFFFF"}, "bgcolor": "rgba(84,84,92,0.85)", "borderpad": 2}


def complete_trials(trials: Trials) -> list[TrialRecord]:
    """Select the complete trials that have a value."""
    return [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.value is not None]


def display_value(trial: TrialRecord, goal: Goal) -> float:
    """Return a trial's value in the unit of the charts, rounded to six digits: a figure is half as long."""
    return rounded(in_display_unit(trial.value or 0.0, goal))


def rounded(value: float) -> float:
    """Round to six significant digits."""
    return float(f"{value:.6g}")


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
    """Build one trace of the lines of several trials, with a None between two lines.

    ``numbers`` has the trial number of each point.
    """
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
    """Format the hover template with a trial's number and value, from ``customdata`` and ``text``."""
    return _("trial {n}: {value}").format(n="%{customdata}", value="%{text}") + "<extra></extra>"


def filled(colour: str, *, opacity: float = 0.75) -> PlotlyObject:
    """Build a filled marker."""
    return {"color": colour, "size": 6, "opacity": opacity}


def hollow(colour: str) -> PlotlyObject:
    """Build a hollow marker."""
    return {"color": colour, "size": 6, "symbol": "circle-open", "opacity": 0.8}
