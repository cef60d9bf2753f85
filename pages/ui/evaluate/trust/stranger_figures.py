"""Histogram of stranger scores: pictures of the classes, strangers, and the limit between them."""

from __future__ import annotations

import numpy as np
from plotly.graph_objects import Bar, Figure

from pages.ui.charts import GOOD_COLOUR, VALIDATION_COLOUR
from pages.ui.text import _

_BINS = 40
# Of the strangers: the few that are stranger still would squeeze all others.
_SHOWN_QUANTILE = 0.98


def score_histogram(known: np.ndarray, strangers: np.ndarray, limit: float | None) -> Figure:
    """Draw how often each score occurs, as a share of either kind; scores beyond the axis are in its last bar."""
    edges = _edges(known, strangers, limit)
    width = edges[1] - edges[0]
    figure = Figure()
    for scores, name, colour in (
        (known, _("test pictures of your classes"), GOOD_COLOUR),
        (strangers, _("strangers"), VALIDATION_COLOUR),
    ):
        counts = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)[0]
        figure.add_trace(
            Bar(
                x=(edges[:-1] + width / 2).tolist(),
                y=(100 * counts / max(1, len(scores))).tolist(),
                width=width,
                name=name,
                marker={"color": colour, "opacity": 0.6},
                hovertemplate="%{y:.1f}%<extra></extra>",
            )
        )
    if limit is not None:
        figure.add_vline(x=limit, line={"color": "#8E8E96", "dash": "dot"})
    figure.update_layout(
        height=260,
        barmode="overlay",
        bargap=0,
        margin={"l": 8, "r": 8, "t": 36, "b": 40},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        xaxis={"title": _("stranger score")},
        yaxis={"title": _("pictures"), "ticksuffix": "%"},
    )
    return figure


def _edges(known: np.ndarray, strangers: np.ndarray, limit: float | None) -> np.ndarray:
    everything = np.concatenate([known, strangers, [] if limit is None else [limit]])
    if not len(everything):
        return np.linspace(0.0, 1.0, _BINS + 1)
    low = float(everything.min())
    ends = [float(np.max(known, initial=low)), *([] if limit is None else [limit])]
    high = max(*ends, float(np.quantile(strangers, _SHOWN_QUANTILE)) if len(strangers) else low, low + 1e-6)
    return np.linspace(low, high, _BINS + 1)
