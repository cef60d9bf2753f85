"""Learning curves: epochs, batches and phases of a run, thinned if they are long.

Figures are plain data, because they are redrawn often while a run lasts: Plotly's own
classes take a tenth of a second to check a figure of a thousand points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.messages import N_
from core.training.phases import Phase
from core.training.records import BatchRecord, EpochRecord
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, TRAIN_COLOUR, VALIDATION_COLOUR, plain
from pages.ui.plotly_types import PlotlyObject
from pages.ui.text import _

MAX_POINTS = 1000  # of a line: about as many as a chart has pixels
_MIN_LINE_POINTS = 3  # of a line without markers
_NARROW_PHASE = 0.06  # share of the epochs; a shorter phase has no room for its name

# Names of phases, short enough to stand beside a line in a chart.
PHASE_NAMES: Mapping[Phase | None, str] = {
    Phase.GLOBAL_POOLING: N_("head, global pooling"),
    Phase.GRID_POOLING: N_("head, 2×2 pooling"),
    Phase.MAX_POOLING: N_("head, max pooling"),
    Phase.HIDDEN_LAYERS: N_("head with hidden layers"),
    Phase.LAST_BLOCKS: N_("last blocks"),
    Phase.ALL_BLOCKS: N_("all blocks"),
    Phase.SCRATCH: N_("whole network"),
}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A quantity drawn over the epochs, with its fields in their records."""

    training: str  # field of the epochs' and the batches' records; "" if only validation is measured
    validation: str  # "" if it belongs to no set of pictures
    unit: str  # title of the vertical axis
    scale: float = 1.0


LOSS = Measure(training="loss", validation="validation_loss", unit=N_("loss (nats)"))
ACCURACY = Measure(training="accuracy", validation="validation_accuracy", unit=N_("right (%)"), scale=100.0)
MACRO_F1 = Measure(training="", validation="validation_macro_f1", unit=N_("macro F1 (%)"), scale=100.0)
LEADING = Measure(
    training="", validation="validation_leading", unit=N_("the metric that matters (%)"), scale=100.0
)
LEARNING_RATE = Measure(training="learning_rate", validation="", unit=N_("learning rate"))


def learning_curve(
    epochs: Sequence[EpochRecord], batches: Sequence[BatchRecord], measure: Measure
) -> PlotlyObject:
    """Draw one measure over the epochs: batches, training, validation, and the best epoch."""
    traces = []
    if measure.training and batches:
        x, y = thinned(*_batch_points(batches, measure))
        opacity = 0.35 if measure.validation else 1.0
        traces.append(_line(x, y, _("training, by batch"), TRAIN_COLOUR, width=1, opacity=opacity))
    has_batch_line = bool(traces) and not measure.validation  # epochs would only repeat it
    for key, name, colour in (
        ("" if has_batch_line else measure.training, _("training"), TRAIN_COLOUR),
        (measure.validation, _("validation"), VALIDATION_COLOUR),
    ):
        if key:
            x, y = thinned(*_epoch_points(epochs, key, measure.scale))
            traces.append(_line(x, y, name, colour))
    traces += _kept_epoch(epochs, measure)
    shapes, annotations = _phase_lines(epochs)
    return {
        "data": traces,
        "layout": _axes(measure)
        | {"hovermode": "x unified", "shapes": shapes, "annotations": annotations}
        # A single line needs no legend; the best epoch is marked in the other charts.
        | {"showlegend": bool(measure.validation)},
    }


def compared_curves(
    runs: Mapping[str, Sequence[EpochRecord]], colours: Sequence[str], measure: Measure
) -> PlotlyObject:
    """Draw the validation curve of each run, by its title."""
    traces = [
        _line(*thinned(*_epoch_points(epochs, measure.validation, measure.scale)), plain(title), colour)
        for (title, epochs), colour in zip(runs.items(), colours, strict=False)
    ]
    return {"data": traces, "layout": _axes(measure) | {"showlegend": True}}


def phase_starts(epochs: Sequence[EpochRecord]) -> list[int]:
    """Return the indices in ``epochs`` at which a new phase begins."""
    return [i for i in range(1, len(epochs)) if epochs[i].phase is not epochs[i - 1].phase]


def thinned(x: np.ndarray, y: np.ndarray, most: int = MAX_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Thin a line: keep the lowest and highest point of every segment.

    Args:
        x, y: float64 (n,); NaN in ``y`` is a gap and stays one.
        most: at least 6.
    """
    if len(x) <= most:
        return x, y
    # Three points of each segment, and both ends of the line.
    num_segments = (most - 2) // 3
    length = -(-len(x) // num_segments)
    filled = np.full(num_segments * length, np.nan)
    filled[: len(y)] = y
    segments = filled.reshape(num_segments, length)  # padded with NaN at the end
    starts = np.arange(num_segments) * length
    is_gap = np.isnan(segments)
    extremes = [
        starts + np.where(is_gap, np.inf, segments).argmin(axis=1),
        starts + np.where(is_gap, -np.inf, segments).argmax(axis=1),
        (starts + is_gap.argmax(axis=1))[is_gap.any(axis=1)],
    ]
    indices = np.unique(np.concatenate([[0, len(x) - 1], *extremes]))
    indices = indices[indices < len(x)]
    return x[indices], y[indices]


def _epoch_points(epochs: Sequence[EpochRecord], name: str, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a point for each epoch, with a gap where a new phase begins."""
    x = np.array([record.epoch for record in epochs], dtype=np.float64)
    y = np.array([_number(getattr(record, name)) for record in epochs], dtype=np.float64) * scale
    starts = phase_starts(epochs)
    return np.insert(x, starts, x[starts]), np.insert(y, starts, np.nan)


def _batch_points(batches: Sequence[BatchRecord], measure: Measure) -> tuple[np.ndarray, np.ndarray]:
    """Return a point for each batch, by its position in the epoch: epoch 3 is from 2 to 3."""
    x = np.array([record.epoch - 1 + record.step / record.steps for record in batches])
    y = np.array([_number(getattr(record, measure.training)) for record in batches]) * measure.scale
    return x.astype(np.float64), y.astype(np.float64)


def _number(value: float | None) -> float:
    """Return the value to draw; NaN, a gap, where it is missing or infinite."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else math.nan


def _axes(measure: Measure) -> PlotlyObject:
    # "~g" writes 0.0003; by default Plotly writes 300µ.
    return {
        "xaxis": {"title": {"text": _("epoch")}},
        "yaxis": {"title": {"text": _(measure.unit)}, "rangemode": "tozero", "tickformat": "~g"},
    }


def _line(
    x: np.ndarray, y: np.ndarray, name: str, colour: str, *, width: int = 2, opacity: float = 1.0
) -> PlotlyObject:
    return {
        "type": "scatter",
        # Rounding halves the length of a figure; NaN becomes JSON's null.
        "x": [round(position, 3) for position in x.tolist()],
        "y": [None if math.isnan(value) else float(f"{value:.6g}") for value in y.tolist()],
        "name": name,
        "mode": "lines" if len(x) > _MIN_LINE_POINTS else "lines+markers",
        "line": {"color": colour, "width": width},
        "opacity": opacity,
    }


def _kept_epoch(epochs: Sequence[EpochRecord], measure: Measure) -> list[PlotlyObject]:
    """Mark the best epoch with a ring."""
    best = epochs[-1].best_epoch if epochs else None
    record = next((record for record in epochs if record.epoch == best), None)
    if record is None or not measure.validation:
        return []
    value = _number(getattr(record, measure.validation)) * measure.scale
    if math.isnan(value):
        return []
    marker = {"color": GOOD_COLOUR, "size": 11, "symbol": "circle-open", "line": {"width": 3}}
    return [
        {"type": "scatter", "x": [best], "y": [value], "name": _("kept"), "mode": "markers", "marker": marker}
    ]


def _phase_lines(epochs: Sequence[EpochRecord]) -> tuple[list[PlotlyObject], list[PlotlyObject]]:
    """Return a line where each phase begins, and the phase's name along it."""
    shapes, annotations = [], []
    for start, following in pairwise([*phase_starts(epochs), len(epochs)]):
        middle = (epochs[start - 1].epoch + epochs[start].epoch) / 2
        line = {"color": MUTED_COLOUR, "width": 1, "dash": "dot"}
        shapes.append(
            {"type": "line", "x0": middle, "x1": middle, "yref": "paper", "y0": 0, "y1": 1, "line": line}
        )
        if following - start < _NARROW_PHASE * len(epochs) and following < len(epochs):
            continue
        annotations.append(
            {
                "text": _(PHASE_NAMES.get(epochs[start].phase, N_("next part"))),
                "x": middle,
                "xanchor": "left",
                "yref": "paper",
                "y": 1,
                "yanchor": "top",
                "textangle": -90,
                "showarrow": False,
                "font": {"size": 11},
                "opacity": 0.75,
            }
        )
    return shapes, annotations
