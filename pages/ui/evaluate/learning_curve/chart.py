"""Chart of the accuracy over the number of training pictures, with its extrapolation."""

from __future__ import annotations

from core.evaluation.learning_curve.records import Forecast, LearningCurve
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR
from pages.ui.plotly_types import PlotlyObject
from pages.ui.text import _

_BAND_COLOUR = "rgba(142,142,150,0.22)"
_HEIGHT, _MARK = 320, 9


def curve_chart(curve: LearningCurve) -> PlotlyObject:
    """Draw the measured accuracies, and the fitted curve with its 95% band if there is one."""
    traces = _forecast_traces(curve) if curve.forecast else []
    return {
        "data": [*traces, _measured(curve)],
        "layout": {
            "height": _HEIGHT,
            "margin": {"l": 8, "r": 16, "t": 36, "b": 44},
            "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
            "showlegend": True,
            "hovermode": "closest",
            "xaxis": {
                "title": {"text": _("training pictures")},
                "type": "log",
                # Plotly's own labels between powers of ten are digits.
                "tickmode": "array",
                "tickvals": (ticks := _ticks(curve)),
                "ticktext": [f"{count:,}" for count in ticks],
            },
            "yaxis": {"title": {"text": _("validation pictures right (%)")}, "automargin": True},
        },
    }


def _measured(curve: LearningCurve) -> PlotlyObject:
    pairs = [(point.pictures, accuracy) for point in curve.points for accuracy in point.accuracies]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _("measured"),
        "x": [pictures for pictures, _accuracy in pairs],
        "y": [round(100 * accuracy, 2) for _pictures, accuracy in pairs],
        "marker": {"color": GOOD_COLOUR, "size": _MARK, "opacity": 0.8},
        "hovertemplate": "%{x:,} → %{y:.1f}%<extra></extra>",
    }


def _forecast_traces(curve: LearningCurve) -> list[PlotlyObject]:
    """Build the band of the interval, the fitted curve, and its continuation to twice as many pictures."""
    assert curve.forecast is not None
    forecast, largest = curve.forecast, curve.points[-1].pictures
    counts = [point.pictures for point in forecast.curve]
    ends = [[round(100 * point.interval[end], 2) for point in forecast.curve] for end in (1, 0)]
    edges: list[PlotlyObject] = [
        {"type": "scatter", "mode": "lines", "x": counts, "y": end, "line": {"width": 0}, "hoverinfo": "skip"}
        for end in ends
    ]
    edges[0] |= {"showlegend": False}
    edges[1] |= {"fill": "tonexty", "fillcolor": _BAND_COLOUR, "name": _("95% interval")}
    return [
        *edges,
        _line(forecast, 0, largest, _("fitted"), "solid"),
        _line(forecast, largest, counts[-1], _("expected with more"), "dash"),
    ]


def _line(forecast: Forecast, start: int, end: int, name: str, dash: str) -> PlotlyObject:
    # The last point before the start joins both lines.
    before = max((point.pictures for point in forecast.curve if point.pictures <= start), default=0)
    shown = [point for point in forecast.curve if before <= point.pictures <= end]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [point.pictures for point in shown],
        "y": [round(100 * point.accuracy, 2) for point in shown],
        "line": {"color": MUTED_COLOUR, "dash": dash, "width": 2},
        "hovertemplate": "%{x:,} → %{y:.1f}%<extra></extra>",
    }


def _ticks(curve: LearningCurve) -> list[int]:
    """Numbers of pictures to label, at most one of two that stand close together."""
    counts = [point.pictures for point in curve.points]
    counts += [2 * counts[-1]] if curve.forecast else []
    return [count for index, count in enumerate(counts) if not index or count > 1.4 * counts[index - 1]]
