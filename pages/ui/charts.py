"""Figures, drawn the same way everywhere: direct labels, units on the axes, one colour a meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Bar, Figure, Heatmap

from core.data.labels.layout import Split
from core.messages import N_
from pages.ui.text import _, percent

SPLIT_WORDS = {
    Split.TRAIN: N_("to train"),
    Split.VALIDATION: N_("to validate"),
    Split.TEST: N_("to test"),
}
# Readable on both themes, told apart by people who see no red or no green.
TRAIN_COLOUR, VALIDATION_COLOUR, TEST_COLOUR = "#4C9BD6", "#E0793A", "#8E8E96"
GOOD_COLOUR, MUTED_COLOUR = "#1F9E8F", "#8E8E96"
_SPLIT_COLOURS = {Split.TRAIN: TRAIN_COLOUR, Split.VALIDATION: VALIDATION_COLOUR, Split.TEST: TEST_COLOUR}
_BAR_PIXELS, _MOST_LABELLED_CELLS, _LONGEST_NAME = 26, 20, 28


def class_counts(pictures: pd.DataFrame, class_names: Sequence[str]) -> Figure:
    """Pictures a class, as bars parted by what they are used for."""
    parts = [*(part.value for part in Split), ""]
    counts = pictures.groupby(["label", "split"]).size().unstack(fill_value=0)
    counts = counts.reindex(index=list(class_names), columns=parts, fill_value=0)
    figure = Figure()
    for split in Split:
        values = counts[split.value].tolist()
        colour, words = _SPLIT_COLOURS[split], _(SPLIT_WORDS[split])
        figure.add_trace(
            Bar(y=list(range(len(values))), x=values, name=words, orientation="h", marker_color=colour)
        )
    undealt = counts[""].tolist()
    if any(undealt):
        pattern = {"shape": "/", "fgcolor": MUTED_COLOUR, "bgcolor": "rgba(0,0,0,0)", "solidity": 0.25}
        figure.add_trace(
            Bar(
                y=list(range(len(undealt))),
                x=undealt,
                name=_("not divided yet"),
                orientation="h",
                marker={"color": MUTED_COLOUR, "pattern": pattern},
            )
        )
    figure.update_layout(
        barmode="stack",
        height=max(180, 90 + _BAR_PIXELS * len(class_names)),
        margin={"l": 8, "r": 8, "t": 36, "b": 40},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis={"title": _("pictures")},
        yaxis=_class_axis(class_names) | {"autorange": "reversed"},  # the first class on top
    )
    return figure


def confusion_heatmap(confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> Figure:
    """True classes as rows, answers as columns; colour is the share of the row, the number the pictures."""
    counts = np.asarray(confusion)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    few = len(class_names) <= _MOST_LABELLED_CELLS
    hover = _("{true} taken for {answer}").format(
        true="<b>%{customdata[1]}</b>", answer="<b>%{customdata[2]}</b>"
    )
    names = [plain(name) for name in class_names]
    cells = [
        [[count, names[i], names[j]] for j, count in enumerate(row)] for i, row in enumerate(counts.tolist())
    ]
    figure = Figure(
        Heatmap(
            z=shares,
            text=np.where(counts > 0, counts.astype(str), "") if few else None,
            texttemplate="%{text}" if few else None,
            customdata=cells,
            hovertemplate=f"{hover}<br>%{{customdata[0]}} · %{{z:.0%}}<extra></extra>",
            colorscale=[[0, "rgba(76,155,214,0.04)"], [1, "rgba(31,110,170,1)"]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    side = min(760, max(320, 60 + 44 * len(class_names)))
    figure.update_layout(
        height=side,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis=_class_axis(class_names) | {"title": {"text": _("the classifier's answer"), "standoff": 12}},
        yaxis=_class_axis(class_names)
        | {"title": {"text": _("the true class"), "standoff": 12}, "autorange": "reversed"},
    )
    return figure


def accuracy_bars(accuracy: float, interval: Sequence[float], baseline: float, majority_class: str) -> Figure:
    """The accuracy with its interval, beside what guessing would reach."""
    low, high = interval
    labels = [_("always “{name}”").format(name=plain(majority_class)), _("this classifier")]
    figure = Figure(
        Bar(
            y=labels,
            x=[100 * baseline, 100 * accuracy],
            orientation="h",
            marker_color=[MUTED_COLOUR, GOOD_COLOUR],
            text=[percent(baseline), percent(accuracy)],
            textposition="auto",
            textangle=0,
            insidetextanchor="start",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [None, 100 * (high - accuracy)],
                "arrayminus": [None, 100 * (accuracy - low)],
                "thickness": 1.5,
            },
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=150,
        margin={"l": 8, "r": 24, "t": 8, "b": 40},
        xaxis={"title": _("test pictures right (%)"), "range": [0, 100]},
        yaxis={"automargin": True},
    )
    return figure


def plain(name: str, longest: int = _LONGEST_NAME) -> str:
    """A class name as Plotly shows it letter by letter, shortened where it is very long."""
    short = name if len(name) <= longest else name[: longest - 1] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _class_axis(class_names: Sequence[str]) -> dict[str, Any]:
    """An axis with a class at each whole number, so that names need not differ to be told apart."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(class_names))),
        "ticktext": [plain(name) for name in class_names],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
    }
