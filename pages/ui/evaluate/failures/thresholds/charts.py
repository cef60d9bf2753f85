"""ROC chart and precision–recall chart of a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from plotly.graph_objects import Figure, Scatter

from core.evaluation.curves import Area, ClassCurve, CurveAreas, drawn_points
from core.evaluation.thresholds.measuring import ClassOutcome, Fraction
from pages.ui.charts import GOOD_COLOUR, MUTED_COLOUR, TRAIN_COLOUR
from pages.ui.text import _

_RANGE = [-3, 103]


def roc_chart(
    curve: ClassCurve, areas: CurveAreas | None, default: ClassOutcome, chosen: ClassOutcome
) -> Figure:
    """Draw the pictures of the class that are found over the others that are wrongly given it."""
    figure = _figure(_("others wrongly given it"), _("found (recall)"))
    figure.add_trace(_chance([0, 100], [0, 100]))
    figure.add_trace(_line(curve.false_positive_rate, curve.recall, curve.thresholds))
    _add_points(
        figure,
        (default.false_positive_rate, default.recall),
        (chosen.false_positive_rate, chosen.recall),
    )
    return _titled(figure, _("ROC curve: area {area}"), areas.roc if areas else None)


def precision_recall_chart(
    curve: ClassCurve, areas: CurveAreas | None, default: ClassOutcome, chosen: ClassOutcome
) -> Figure:
    """Draw the precision of the answers over the pictures of the class that are found."""
    figure = _figure(_("found (recall)"), _("right answers (precision)"))
    share = 100 * curve.positives / (curve.positives + curve.negatives)
    figure.add_trace(_chance([0, 100], [share, share]))
    figure.add_trace(_line(curve.recall, curve.precision, curve.thresholds))
    _add_points(figure, (default.recall, default.precision), (chosen.recall, chosen.precision))
    return _titled(
        figure,
        _("Precision–recall curve: average precision {area}"),
        areas.average_precision if areas else None,
    )


def _figure(across: str, up: str) -> Figure:
    figure = Figure()
    figure.update_layout(
        height=320,
        margin={"l": 8, "r": 8, "t": 36, "b": 40},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        showlegend=False,
        xaxis={"title": across, "ticksuffix": "%", "range": _RANGE},
        yaxis={"title": up, "ticksuffix": "%", "range": _RANGE},
    )
    return figure


def _titled(figure: Figure, form: str, area: Area | None) -> Figure:
    if area is not None:
        low, high = area.interval
        title = form.format(area=f"{area.value:.3f} ({low:.3f}–{high:.3f})")
        figure.update_layout(title={"text": title, "font": {"size": 14}, "x": 0})
    return figure


def _chance(x: Sequence[float], y: Sequence[float]) -> Scatter:
    """Draw answers at random."""
    return Scatter(
        x=x, y=y, mode="lines", line={"color": MUTED_COLOUR, "dash": "dot", "width": 1}, hoverinfo="skip"
    )


def _line(x: np.ndarray, y: np.ndarray, thresholds: np.ndarray) -> Scatter:
    points = drawn_points(x, y)
    # Above the first point no picture is given the class.
    limits = np.clip(thresholds[points], 0, 1)
    return Scatter(
        x=(100 * x[points]).tolist(),
        y=(100 * y[points]).tolist(),
        mode="lines",
        line={"color": TRAIN_COLOUR, "width": 2},
        customdata=limits.tolist(),
        hovertemplate=_("threshold {value}").format(value="%{customdata:.3f}")
        + "<br>%{x:.1f}% → %{y:.1f}%<extra></extra>",
    )


def _add_points(
    figure: Figure,
    default: tuple[Fraction | None, Fraction | None],
    chosen: tuple[Fraction | None, Fraction | None],
) -> None:
    """Mark the default answers, and those with the chosen threshold with their 95% intervals."""
    marks = (
        (default, _("default"), "circle-open", MUTED_COLOUR),
        (chosen, _("chosen"), "circle", GOOD_COLOUR),
    )
    for (across, up), name, symbol, colour in marks:
        if across is None or up is None:
            continue
        figure.add_trace(
            Scatter(
                x=[100 * across.value],
                y=[100 * up.value],
                mode="markers",
                name=name,
                marker={"size": 11, "symbol": symbol, "color": colour, "line": {"width": 2}},
                error_x=_error(across) if symbol == "circle" else None,
                error_y=_error(up) if symbol == "circle" else None,
                hovertemplate=f"{name}<br>%{{x:.1f}}% → %{{y:.1f}}%<extra></extra>",
            )
        )


def _error(fraction: Fraction) -> dict[str, object]:
    low, high = fraction.interval
    return {
        "type": "data",
        "symmetric": False,
        "array": [100 * (high - fraction.value)],
        "arrayminus": [100 * (fraction.value - low)],
        "thickness": 1,
    }
