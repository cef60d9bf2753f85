"""Ladder of a climb: the value of each rung with its interval, against the minutes that it took to get there."""

from __future__ import annotations

from core.models.backbones import get_backbone
from core.runs.setting_names import RECIPE_NAMES
from core.search.config import Goal
from core.search.records import TrialRecord
from core.statistics import wilson_interval
from core.training.config import TrainingConfig
from pages.ui.charts import GOOD_COLOUR, TRAIN_COLOUR, plain
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import GOAL_UNITS, format_value, in_display_unit
from pages.ui.search.figures.traces import Trials, complete_trials, display_value, hover, rounded
from pages.ui.text import _

_MARK, _BEST_MARK = 9, 15


def ladder(trials: Trials, goal: Goal, pictures: int, *, best: TrialRecord | None) -> PlotlyObject:
    """Draw a mark for each rung, in the order in which they were tried.

    Args:
        pictures: number of those that rungs are scored on.
        best: the rung that is delivered; while the climb lasts the one with the best value.
    """
    rungs = complete_trials(trials)
    began = min((trial.ended - trial.seconds for trial in trials), default=0.0)
    others = [rung for rung in rungs if best is None or rung.number != best.number]
    chosen = [rung for rung in rungs if rung not in others]
    data = [
        _marks(
            others, goal, began, pictures, name=_("step"), colour=TRAIN_COLOUR, size=_MARK, symbol="circle"
        ),
        _marks(
            chosen, goal, began, pictures, name=_("kept"), colour=GOOD_COLOUR, size=_BEST_MARK, symbol="star"
        ),
    ]
    return {
        "data": [trace for trace in data if trace["x"]],
        "layout": {
            "xaxis": {"title": {"text": _("minutes since the start")}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": _(GOAL_UNITS[goal])}, "tickformat": "~g"},
            "showlegend": True,
            "hovermode": "closest",
        },
    }


def rung_name(trial: TrialRecord) -> str:
    """Name a rung by its backbone, its recipe and augmentation."""
    settings = TrainingConfig.from_json(dict(trial.settings))
    parts = [get_backbone(settings.backbone).name, _(RECIPE_NAMES[settings.recipe])]
    if settings.augmentation.is_active:
        parts.append(_("with augmentation"))
    return " · ".join(parts)


def _marks(
    rungs: Trials, goal: Goal, began: float, pictures: int, *, name: str, colour: str, size: int, symbol: str
) -> PlotlyObject:
    trace: PlotlyObject = {
        "type": "scatter",
        "x": [rounded((rung.ended - began) / 60) for rung in rungs],
        "y": [display_value(rung, goal) for rung in rungs],
        "customdata": [rung.number for rung in rungs],
        "text": [f"{plain(rung_name(rung))} · {format_value(rung.value, goal)}" for rung in rungs],
        "hovertemplate": hover(),
        "mode": "markers",
        "name": name,
        "cliponaxis": False,
        "marker": {"color": colour, "size": size, "symbol": symbol},
    }
    if goal is Goal.ACCURACY and pictures:
        ends = [wilson_interval(round((rung.value or 0.0) * pictures), pictures) for rung in rungs]
        above = [
            in_display_unit(high - (rung.value or 0.0), goal)
            for rung, (_low, high) in zip(rungs, ends, strict=True)
        ]
        below = [
            in_display_unit((rung.value or 0.0) - low, goal)
            for rung, (low, _high) in zip(rungs, ends, strict=True)
        ]
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [rounded(value) for value in above],
            "arrayminus": [rounded(value) for value in below],
            "thickness": 1.5,
        }
    return trace
