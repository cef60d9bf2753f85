"""Plotly figures: class counts, accuracy with its interval; colours and class axes of all charts.

A figure grows with the classes, so it has a bound: beyond ``MAX_BARS`` classes their counts are a
table (``pages.ui.class_counts``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd
from plotly.graph_objects import Bar, Figure

from core.data.labels.layout import Split
from pages.ui.display_names.splits import SPLIT_NAMES
from pages.ui.text import _, percent

# Readable in both themes, and distinct for colour-blind people.
TRAIN_COLOUR, VALIDATION_COLOUR, TEST_COLOUR = "#4C9BD6", "#E0793A", "#8E8E96"
GOOD_COLOUR, MUTED_COLOUR = "#1F9E8F", "#8E8E96"
_SPLIT_COLOURS = {Split.TRAIN: TRAIN_COLOUR, Split.VALIDATION: VALIDATION_COLOUR, Split.TEST: TEST_COLOUR}
_TEXT_ON_BARS = "#111113"
_BAR_PIXELS, _MAX_NAME_LENGTH, _MAX_DENSE_NAME_LENGTH = 26, 28, 18
# Least width of a chart without margins; width of a letter and height of a line of a tick label.
_NARROWEST_PIXELS, _LETTER_PIXELS, _LINE_PIXELS = 250, 8, 15
_MAX_SLANTED_LABELS, _MAX_LABELS_DOWN = 10, 45
MAX_BARS = _MAX_LABELS_DOWN


def counts_by_split(pictures: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """Count pictures: a row for each class, a column for each split and "" for undivided ones."""
    splits = [*(split.value for split in Split), ""]
    counts = pictures.groupby(["label", "split"]).size().unstack(fill_value=0)
    return counts.reindex(index=list(class_names), columns=splits, fill_value=0)


def class_counts(pictures: pd.DataFrame, class_names: Sequence[str]) -> Figure:
    """Draw the pictures of each class as a bar, stacked by split."""
    counts = counts_by_split(pictures, class_names)
    figure = Figure()
    for split in Split:
        values = counts[split.value].tolist()
        colour, label = _SPLIT_COLOURS[split], _(SPLIT_NAMES[split])
        figure.add_trace(
            Bar(y=list(range(len(values))), x=values, name=label, orientation="h", marker_color=colour)
        )
    undivided = counts[""].tolist()
    if any(undivided):
        pattern = {"shape": "/", "fgcolor": MUTED_COLOUR, "bgcolor": "rgba(0,0,0,0)", "solidity": 0.25}
        figure.add_trace(
            Bar(
                y=list(range(len(undivided))),
                x=undivided,
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
        yaxis=row_axis(class_names),
    )
    return figure


def accuracy_bars(accuracy: float, interval: Sequence[float], baseline: float, majority_class: str) -> Figure:
    """Draw the accuracy with its interval, beside that of always giving the most common answer."""
    low, high = interval
    labels = [_("this classifier"), _("always “{name}”").format(name=plain(majority_class))]
    figure = Figure(
        Bar(
            y=labels,
            x=[100 * accuracy, 100 * baseline],
            orientation="h",
            marker_color=[GOOD_COLOUR, MUTED_COLOUR],
            text=[percent(accuracy), percent(baseline)],
            textposition="auto",
            textangle=0,
            insidetextanchor="start",
            constraintext="none",
            insidetextfont_color=_TEXT_ON_BARS,
            error_x={
                "type": "data",
                "symmetric": False,
                # The second bar has none: Plotly would draw None as an interval of zero.
                "array": [100 * (high - accuracy)],
                "arrayminus": [100 * (accuracy - low)],
                "thickness": 1.5,
            },
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=150,
        margin={"l": 8, "r": 24, "t": 8, "b": 40},
        xaxis={"title": _("test pictures right (%)"), "range": [0, 100]},
        yaxis={"automargin": True, "autorange": "reversed"},
    )
    return figure


def plain(name: str, max_length: int = _MAX_NAME_LENGTH) -> str:
    """Escape a class name for Plotly, shortened if it is longer than ``max_length`` letters."""
    short = name if len(name) <= max_length else name[: max_length - 1] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def row_axis(class_names: Sequence[str]) -> dict[str, object]:
    """Build a vertical class axis, the first class on top."""
    axis = _class_axis(class_names, _MAX_LABELS_DOWN)
    return axis | {"range": [len(class_names) - 0.5, -0.5], "autorange": False}


def column_axis(class_names: Sequence[str]) -> dict[str, object]:
    """Build a horizontal class axis; labels are turned if they do not fit beside each other."""
    longest = max((len(name) for name in class_names), default=0)
    axis = _class_axis(class_names, _NARROWEST_PIXELS // _LINE_PIXELS)
    if len(class_names) * longest * _LETTER_PIXELS <= _NARROWEST_PIXELS:
        angle = 0
    else:
        angle = -45 if len(class_names) <= _MAX_SLANTED_LABELS else -90
    return axis | {"range": [-0.5, len(class_names) - 0.5], "tickangle": angle}


def _class_axis(class_names: Sequence[str], max_labels: int) -> dict[str, object]:
    """Build an axis with a class at each whole number, so that equal names stay apart.

    Of more than ``max_labels`` classes Plotly chooses those that fit, and more of them when one zooms in.
    """
    look = {"ticklabeloverflow": "allow", "automargin": True, "showgrid": False, "zeroline": False}
    if len(class_names) > max_labels:
        names = _distinct([plain(name, _MAX_DENSE_NAME_LENGTH) for name in class_names])
        return look | {"type": "category", "categoryorder": "array", "categoryarray": names}
    names = [plain(name) for name in class_names]
    return look | {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": names}


def _distinct(names: Sequence[str]) -> list[str]:
    """Number the names that are equal, because an axis shows equal categories once."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct
