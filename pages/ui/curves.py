"""Learning curves: epochs and batches over time, phases told apart, long ones thinned so that they stay quick."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from plotly.graph_objects import Figure, Scatter

from core.messages import N_
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, TRAIN_COLOUR, VALIDATION_COLOUR, plain
from pages.ui.text import _

Record = Mapping[str, Any]

MOST_POINTS = 1000  # of a line: about as many as a chart has pixels
_FEW_POINTS = 3  # below, a line alone shows nothing

# What happens in a phase, as short as stands beside a line in a chart.
PHASE_WORDS = {
    "whole": N_("head, whole picture"),
    "quarters": N_("head, by quarters"),
    "max": N_("head, strongest features"),
    "hidden": N_("head with hidden layers"),
    "tail": N_("last blocks"),
    "all": N_("all blocks"),
    "scratch": N_("whole network"),
}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a chart shows of every epoch."""

    training: str  # key of the epochs' and the batches' records; "" if only validation is measured
    validation: str  # "" if it belongs to no set of pictures
    unit: str  # what the vertical axis says
    scale: float = 1.0


LOSS = Measure(training="loss", validation="validation_loss", unit=N_("loss (nats)"))
ACCURACY = Measure(training="accuracy", validation="validation_accuracy", unit=N_("right (%)"), scale=100.0)
MACRO_F1 = Measure(training="", validation="validation_macro_f1", unit=N_("macro F1 (%)"), scale=100.0)
LEARNING_RATE = Measure(training="learning_rate", validation="", unit=N_("learning rate"))


def learning_curve(epochs: Sequence[Record], batches: Sequence[Record], measure: Measure) -> Figure:
    """One measure over the epochs: training with its batches behind it, validation, what is kept."""
    figure = Figure()
    if measure.training and batches:
        x, y = thinned(*_batch_points(batches, measure))
        figure.add_trace(_line(x, y, _("training, by batch"), TRAIN_COLOUR, width=1, opacity=0.35))
    for key, name, colour in (
        (measure.training, _("training"), TRAIN_COLOUR),
        (measure.validation, _("validation"), VALIDATION_COLOUR),
    ):
        if key:
            x, y = thinned(*_epoch_points(epochs, key, measure.scale))
            figure.add_trace(_line(x, y, name, colour))
    _mark_kept(figure, epochs, measure)
    _mark_phases(figure, epochs)
    figure.update_layout(
        xaxis={"title": _("epoch")},
        yaxis={"title": _(measure.unit), "rangemode": "tozero"},
        hovermode="x unified",
    )
    return figure


def compared_curves(runs: Mapping[str, Sequence[Record]], colours: Sequence[str], measure: Measure) -> Figure:
    """The validation curve of each run, by its title."""
    figure = Figure()
    for (title, epochs), colour in zip(runs.items(), colours, strict=False):
        x, y = thinned(*_epoch_points(epochs, measure.validation, measure.scale))
        figure.add_trace(_line(x, y, plain(title), colour))
    figure.update_layout(xaxis={"title": _("epoch")}, yaxis={"title": _(measure.unit)})
    return figure


def phase_starts(epochs: Sequence[Record]) -> list[int]:
    """Where in ``epochs`` another phase begins than that of the record before."""
    return [i for i in range(1, len(epochs)) if epochs[i].get("phase") != epochs[i - 1].get("phase")]


def thinned(x: np.ndarray, y: np.ndarray, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most so many points of a line that look the same: the lowest and highest of every stretch.

    Args:
        x, y: float64 (n,); NaN in ``y`` is a gap and stays one.
        most: an even number of points, at least 4.
    """
    if len(x) <= most:
        return x, y
    # Two points a stretch, and two for the ends, which say where the line stands now.
    edges = np.linspace(0, len(x), most // 2, dtype=int)
    kept = {0, len(x) - 1}
    for start, end in pairwise(edges.tolist()):
        part = y[start:end]
        if np.isnan(part).any():
            kept.add(int(start + np.flatnonzero(np.isnan(part))[0]))
        if not np.isnan(part).all():
            kept.add(int(start + np.nanargmax(part)))
            if not np.isnan(part).any():
                kept.add(int(start + np.nanargmin(part)))
    places = sorted(kept)
    return x[places], y[places]


def _epoch_points(epochs: Sequence[Record], key: str, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """A point an epoch, and a gap where another phase begins."""
    x = np.array([record["epoch"] for record in epochs], dtype=np.float64)
    y = np.array([_number(record.get(key)) for record in epochs], dtype=np.float64) * scale
    starts = phase_starts(epochs)
    return np.insert(x, starts, x[starts]), np.insert(y, starts, np.nan)


def _batch_points(batches: Sequence[Record], measure: Measure) -> tuple[np.ndarray, np.ndarray]:
    """A point a batch, where in its epoch it was: epoch 3 is from 2 to 3."""
    x = np.array([record["epoch"] - 1 + record["step"] / record["steps"] for record in batches])
    y = np.array([_number(record.get(measure.training)) for record in batches]) * measure.scale
    return x.astype(np.float64), y.astype(np.float64)


def _number(value: float | None) -> float:
    """A number to draw; what is none becomes a gap."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else math.nan


def _line(
    x: np.ndarray, y: np.ndarray, name: str, colour: str, *, width: int = 2, opacity: float = 1.0
) -> Scatter:
    mode = "lines" if len(x) > _FEW_POINTS else "lines+markers"
    # As lists of rounded numbers a figure is half as long, and NaN becomes the null that JSON knows.
    values = [None if math.isnan(value) else float(f"{value:.6g}") for value in y.tolist()]
    places = [round(place, 3) for place in x.tolist()]
    return Scatter(
        x=places, y=values, name=name, mode=mode, line={"color": colour, "width": width}, opacity=opacity
    )


def _mark_kept(figure: Figure, epochs: Sequence[Record], measure: Measure) -> None:
    """A ring at the epoch whose weights are kept."""
    best = epochs[-1].get("best_epoch") if epochs else None
    record = next((record for record in epochs if record["epoch"] == best), None)
    if record is None or not measure.validation:
        return
    value = _number(record.get(measure.validation)) * measure.scale
    if math.isnan(value):
        return
    figure.add_trace(
        Scatter(
            x=[best],
            y=[value],
            name=_("kept"),
            mode="markers",
            marker={"color": GOOD_COLOUR, "size": 11, "symbol": "circle-open", "line": {"width": 3}},
        )
    )


def _mark_phases(figure: Figure, epochs: Sequence[Record]) -> None:
    """A line where another phase begins, with what it trains written along it."""
    starts = phase_starts(epochs)
    for start in starts:
        place = (epochs[start - 1]["epoch"] + epochs[start]["epoch"]) / 2
        figure.add_vline(
            x=place,
            line={"color": MUTED_COLOUR, "width": 1, "dash": "dot"},
            annotation={
                "text": _(PHASE_WORDS.get(epochs[start]["phase"], N_("next part"))),
                "textangle": -90,
                "font": {"size": 11, "color": MUTED_COLOUR},
                "showarrow": False,
                "yref": "paper",
                "y": 1,
                "yanchor": "top",
                "xanchor": "left",
            },
        )
