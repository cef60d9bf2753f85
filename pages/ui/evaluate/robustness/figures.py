"""Figures of robustness: accuracy by kind and strength, and recall of classes by strength."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from plotly.graph_objects import Figure, Heatmap, Scatter

from core.evaluation.robustness.corruptions import Corruption
from core.evaluation.robustness.records import CorruptionResult, RobustnessReport
from pages.ui.charts import GOOD_COLOUR, plain
from pages.ui.evaluate.robustness.names import strength_text
from pages.ui.text import _, percent

# So pale that the page's text colour is readable on every cell, in both themes.
_CELL_COLOURS = [[0, "rgba(224,121,58,0.02)"], [1, "rgba(224,121,58,0.6)"]]
# Loss of accuracy that has the full colour.
_FULL_COLOUR = 0.5
_ROW_PIXELS = 34
MOST_CLASSES = 8


def heat_table(report: RobustnessReport, rows: Sequence[tuple[Corruption, CorruptionResult]]) -> Figure:
    """Draw the accuracy at each strength (columns) of each kind (rows), coloured by its loss.

    Proven losses are bold.
    """
    conditions = [result.conditions for _row, result in rows]
    losses = [[max(0.0, condition.drop) for condition in row] for row in conditions]
    numbers = [[f"{100 * condition.accuracy:.0f}" for condition in row] for row in conditions]
    texts = [
        f"<b>{number}</b>" if condition.is_break else number
        for row, line in zip(conditions, numbers, strict=True)
        for condition, number in zip(row, line, strict=True)
    ]
    columns = len(losses[0])
    figure = Figure(
        Heatmap(
            z=losses,
            customdata=_hover_values(report, rows),
            hovertemplate="%{customdata}<extra></extra>",
            colorscale=_CELL_COLOURS,
            zmin=0,
            zmax=_FULL_COLOUR,
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    y, x = np.divmod(np.arange(len(texts)), columns)
    figure.add_trace(Scatter(x=x.tolist(), y=y.tolist(), text=texts, mode="text", hoverinfo="skip"))
    names = [plain(_(row.label)) for row, _result in rows]
    figure.update_layout(
        height=80 + _ROW_PIXELS * len(rows),
        margin={"l": 8, "r": 8, "t": 8, "b": 40},
        showlegend=False,
        xaxis=_ticks([str(number) for number in range(1, columns + 1)])
        | {"title": _("strength"), "range": [-0.5, columns - 0.5]},
        yaxis=_ticks(names) | {"range": [len(rows) - 0.5, -0.5], "autorange": False},
    )
    return figure


def class_curves(report: RobustnessReport, corruption: Corruption, result: CorruptionResult) -> Figure:
    """Draw the accuracy, and the recall of the classes that lose most, from unchanged to strongest."""
    steps = [report.clean, *result.conditions]
    labels = [_("none"), *(strength_text(corruption, level) for level in range(len(result.conditions)))]
    x = list(range(len(steps)))
    figure = Figure()
    for index in most_affected(report, result):
        figure.add_trace(
            Scatter(
                x=x,
                y=[100 * step.recalls[index] for step in steps],
                name=plain(report.class_names[index]),
                mode="lines",
                line={"width": 1.5},
                hovertemplate="%{y:.0f}%",
            )
        )
    figure.add_trace(
        Scatter(
            x=x,
            y=[100 * step.accuracy for step in steps],
            name=_("all pictures"),
            mode="lines+markers",
            line={"width": 3, "color": GOOD_COLOUR},
            hovertemplate="%{y:.0f}%",
        )
    )
    figure.update_layout(
        height=360,
        hovermode="x unified",
        margin={"l": 8, "r": 8, "t": 36, "b": 40},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        xaxis=_ticks(labels) | {"title": plain(_(corruption.label))},
        yaxis={"title": _("right"), "ticksuffix": "%", "range": [-3, 103]},
    )
    return figure


def most_affected(report: RobustnessReport, result: CorruptionResult) -> list[int]:
    """List the classes whose recall falls most on average over the strengths, at most ``MOST_CLASSES``."""
    recalls = np.array([condition.recalls for condition in result.conditions])
    losses = np.array(report.clean.recalls) - recalls.mean(axis=0)
    order = np.argsort(-losses, kind="stable")[:MOST_CLASSES]
    return [int(index) for index in order]


def _hover_values(
    report: RobustnessReport, rows: Sequence[tuple[Corruption, CorruptionResult]]
) -> list[list[str]]:
    sentence = _("{right} right ({low} to {high}), {clean} unchanged")
    return [
        [
            f"<b>{plain(_(row.label))}, {strength_text(row, level)}</b><br>"
            + sentence.format(
                right=percent(condition.accuracy),
                low=percent(condition.accuracy_interval[0]),
                high=percent(condition.accuracy_interval[1]),
                clean=percent(report.clean.accuracy),
            )
            for level, condition in enumerate(result.conditions)
        ]
        for row, result in rows
    ]


def _ticks(labels: Sequence[str]) -> dict[str, object]:
    return {
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": list(labels),
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
