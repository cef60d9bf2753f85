"""Intermediate values: the learning curves of the trials."""

from __future__ import annotations

from core.search.config import Goal
from core.search.records import TrialRecord, TrialState
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, TRAIN_COLOUR
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import in_display_unit
from pages.ui.search.figures.axes import value_axis, value_range
from pages.ui.search.figures.traces import CHOSEN_COLOUR, Trials, joined_lines, rounded
from pages.ui.text import _

MAX_POINTS = 12_000


def intermediate_values(
    trials: Trials, goal: Goal, *, best: TrialRecord | None, chosen: int | None = None
) -> PlotlyObject:
    """Draw the value of each trial over its epochs: pruned trials pale, the best and the chosen one on top."""
    others = [trial for trial in newest_curves(trials) if trial is not best and trial.number != chosen]
    pruned = [trial for trial in others if trial.state is TrialState.PRUNED]
    complete = [trial for trial in others if trial.state is TrialState.COMPLETE]
    selected = [trial for trial in trials if trial.number == chosen and trial is not best]
    data = [
        _curves(_("pruned"), pruned, goal, MUTED_COLOUR, opacity=0.35, width=1.0),
        _curves(_("complete"), complete, goal, TRAIN_COLOUR, opacity=0.45, width=1.2),
        _curves(_("the best"), [best] if best else [], goal, GOOD_COLOUR, opacity=1.0, width=3.0),
        _curves(_("chosen"), selected, goal, CHOSEN_COLOUR, opacity=1.0, width=3.0),
    ]
    ended_well = [trial for trial in trials if trial.state is not TrialState.FAILED]
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {"title": {"text": _("epoch")}, "rangemode": "tozero"},
            "yaxis": value_axis(goal, value_range(ended_well, goal)),
            "showlegend": True,
            "hovermode": "closest",
        },
    }


def newest_curves(trials: Trials) -> list[TrialRecord]:
    """Select the newest trials with a curve, so many that drawing them stays quick."""
    newest: list[TrialRecord] = []
    points = 0
    for trial in reversed(trials):
        points += len(trial.curve)
        if points > MAX_POINTS:
            break
        if trial.curve:
            newest.append(trial)
    return newest[::-1]


def learning_curve(trial: TrialRecord, goal: Goal) -> PlotlyObject:
    """Draw the value over the epochs of one trial."""
    figure = intermediate_values([trial], goal, best=trial)
    for trace in figure["data"]:
        trace |= {"name": _("validation"), "mode": "lines+markers", "opacity": 1.0}
    figure["layout"]["showlegend"] = False
    values = [in_display_unit(value, goal) for _epoch, value in trial.curve]
    margin = 0.08 * (max(values) - min(values)) or 0.5
    figure["layout"]["yaxis"]["range"] = [min(values) - margin, max(values) + margin]
    return figure


def _curves(
    name: str, trials: Trials, goal: Goal, colour: str, *, opacity: float, width: float
) -> PlotlyObject:
    x: list[int | None] = []
    y: list[float | None] = []
    numbers: list[int] = []
    for trial in trials:
        x += [*(epoch for epoch, _value in trial.curve), None]
        y += [*(rounded(in_display_unit(value, goal)) for _epoch, value in trial.curve), None]
        numbers += [trial.number] * (len(trial.curve) + 1)
    return joined_lines(name, x, y, numbers, colour=colour, width=width, opacity=opacity)
