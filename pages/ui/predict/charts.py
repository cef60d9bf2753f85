"""Charts of the Predict page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from plotly.graph_objects import Bar, Figure, Histogram, Scatter

from core.prediction.drift.comparing import Drift, Measure, ShareChange
from pages.ui.charts import GOOD_COLOUR, MAX_BARS, MUTED_COLOUR, VALIDATION_COLOUR, row_axis
from pages.ui.text import _

_BAR_PIXELS = 26
_BINS = 30
_LEGEND = {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"}


def answers_chart(class_names: Sequence[str], answered: Counter[str], unsure: Counter[str]) -> Figure:
    """Draw the pictures of each class as a bar; of many classes, the most frequent."""
    names = sorted(class_names, key=lambda name: -(answered[name] + unsure[name]))[:MAX_BARS]
    names = [name for name in class_names if name in set(names)]
    parts = [(_("answered"), answered, GOOD_COLOUR)]
    if unsure:
        parts.append((_("unsure"), unsure, VALIDATION_COLOUR))
    figure = Figure(
        [
            Bar(
                y=list(range(len(names))),
                x=[counts[name] for name in names],
                name=label,
                orientation="h",
                marker_color=colour,
            )
            for label, counts, colour in parts
        ]
    )
    figure.update_layout(
        barmode="stack",
        showlegend=len(parts) > 1,
        height=max(150, 80 + _BAR_PIXELS * len(names)),
        margin={"l": 8, "r": 8, "t": 30 if len(parts) > 1 else 8, "b": 40},
        legend=_LEGEND,
        xaxis={"title": _("pictures")},
        yaxis=row_axis(names),
    )
    return figure


def shares_chart(drift: Drift) -> Figure:
    """Draw the share of each class then and now, with intervals; of many classes, those that changed most."""
    by_change = sorted(drift.shares, key=lambda share: -abs(share.now - share.before))[:MAX_BARS]
    shares = [share for share in drift.shares if share in by_change]
    figure = Figure(
        [
            _shares(shares, _("when it was tested"), MUTED_COLOUR, -0.15, is_now=False),
            _shares(shares, _("now"), GOOD_COLOUR, 0.15, is_now=True),
        ]
    )
    figure.update_layout(
        height=max(170, 90 + 34 * len(shares)),
        margin={"l": 8, "r": 8, "t": 36, "b": 40},
        legend=_LEGEND,
        xaxis={"title": _("share of the answers (%)"), "rangemode": "tozero"},
        yaxis=row_axis([share.name for share in shares]),
    )
    return figure


def values_chart(before: np.ndarray, now: np.ndarray, measure: Measure) -> Figure:
    """Draw the distribution of a number then and now."""
    is_share = measure is Measure.CONFIDENCE
    scale = 100 if is_share else 1
    low, high = float(min(before.min(), now.min())), float(max(before.max(), now.max()))
    bins = {"start": scale * low, "end": scale * high, "size": max(scale * (high - low) / _BINS, 1e-6)}
    figure = Figure(
        [
            Histogram(
                x=scale * values,
                name=name,
                histnorm="percent",
                xbins=bins,
                autobinx=False,
                marker_color=colour,
                opacity=0.6,
            )
            for values, name, colour in (
                (before, _("when it was tested"), MUTED_COLOUR),
                (now, _("now"), GOOD_COLOUR),
            )
        ]
    )
    title = _("confidence (%)") if is_share else _("distance from the classes (standard deviations)")
    figure.update_layout(
        barmode="overlay",
        height=240,
        margin={"l": 8, "r": 8, "t": 36, "b": 40},
        legend=_LEGEND,
        xaxis={"title": title},
        yaxis={"title": _("pictures (%)")},
    )
    return figure


def _shares(shares: Sequence[ShareChange], name: str, colour: str, offset: float, *, is_now: bool) -> Scatter:
    values = [share.now if is_now else share.before for share in shares]
    intervals = [share.now_interval if is_now else share.before_interval for share in shares]
    return Scatter(
        x=[100 * value for value in values],
        y=[index + offset for index in range(len(shares))],
        mode="markers",
        name=name,
        marker={"color": colour, "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [100 * (high - value) for value, (_low, high) in zip(values, intervals, strict=True)],
            "arrayminus": [
                100 * (value - low) for value, (low, _high) in zip(values, intervals, strict=True)
            ],
            "thickness": 1.5,
        },
        hovertemplate="%{x:.1f}%<extra></extra>",
    )
