"""Scatter chart of the bake-off: latency, accuracy and file size."""

from __future__ import annotations

import math
from collections.abc import Sequence

from plotly.graph_objects import Figure, Scatter

from core.models.backbones import get_backbone
from core.training.bakeoff.results import Entry
from pages.ui.charts import GOOD_COLOUR, TRAIN_COLOUR
from pages.ui.text import _, file_size, number, percent

_SMALLEST_MARK, _SMALLEST_STAR, _LARGEST_MARK = 10.0, 18.0, 34.0  # pixels across
_MAX_LABELLED = 4  # entries; of more, only the most important have labels
_TICKS = [step * 10**power for power in range(-1, 5) for step in (1, 2, 5)]  # milliseconds
_WIDE_SPAN = 6.0  # ratio of slowest to fastest; beyond, the axis is logarithmic


def bake_off_scatter(entries: Sequence[Entry], choice: str | None) -> Figure:
    """Draw latency on x and validation accuracy on y; a mark's area is the file's size."""
    figure = Figure()
    low_x, high_x = _span([entry.milliseconds for entry in entries])
    positions = _label_positions(_labelled_entries(entries, choice))
    largest = max(entry.bytes for entry in entries)
    for is_choice, label, colour in (
        (False, _("tried"), TRAIN_COLOUR),
        (True, _("the sensible choice"), GOOD_COLOUR),
    ):
        shown = [entry for entry in entries if (entry.backbone == choice) is is_choice]
        if not shown:
            continue
        names = [get_backbone(entry.backbone).name if entry.backbone in positions else "" for entry in shown]
        figure.add_trace(
            Scatter(
                x=[entry.milliseconds for entry in shown],
                y=[100 * entry.validation_accuracy for entry in shown],
                text=[f"<b>{name}</b>" if is_choice else name for name in names],
                textposition=[positions.get(entry.backbone, "top right") for entry in shown],
                mode="markers+text",
                name=label,
                cliponaxis=False,
                marker={
                    "color": colour,
                    "size": [_mark(entry.bytes, largest, is_choice=is_choice) for entry in shown],
                    "symbol": "star" if is_choice else "circle",
                    "opacity": 0.9,
                },
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * (one.interval[1] - one.validation_accuracy) for one in shown],
                    "arrayminus": [100 * (one.validation_accuracy - one.interval[0]) for one in shown],
                    "thickness": 1.2,
                    "width": 5,
                    "color": colour,
                },
                hovertext=[_hover(entry) for entry in shown],
                hoverinfo="text",
            )
        )
    figure.update_layout(
        xaxis={"title": _("time for one picture (ms)"), **_axis(low_x, high_x)},
        yaxis={"title": _("validation accuracy (%)")},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
    )
    return figure


def _hover(entry: Entry) -> str:
    low, high = (percent(round(end, 3)) for end in entry.interval)
    facts = [
        _("{accuracy} right (between {low} and {high})").format(
            accuracy=percent(round(entry.validation_accuracy, 3)), low=low, high=high
        ),
        _("{milliseconds} ms a picture").format(milliseconds=number(round(entry.milliseconds, 1))),
        file_size(entry.bytes),
    ]
    return "<br>".join([f"<b>{get_backbone(entry.backbone).name}</b>", *facts])


def _labelled_entries(entries: Sequence[Entry], choice: str | None) -> list[Entry]:
    """Return the entries to label: the choice, the most accurate, the fastest and the slowest."""
    if len(entries) <= _MAX_LABELLED:
        return list(entries)
    best = max(entries, key=lambda entry: entry.validation_accuracy)
    by_time = sorted(entries, key=lambda entry: entry.milliseconds)
    labelled = {choice, best.backbone, by_time[0].backbone, by_time[-1].backbone}
    return [entry for entry in entries if entry.backbone in labelled]


def _mark(size_bytes: int, largest: int, *, is_choice: bool) -> float:
    least = _SMALLEST_STAR if is_choice else _SMALLEST_MARK
    return max(least, _LARGEST_MARK * math.sqrt(size_bytes / largest))


def _span(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _label_positions(entries: Sequence[Entry]) -> dict[str, str]:
    """Position each name beside its mark, alternately above and below."""
    low, high = (math.log(end) for end in _span([entry.milliseconds for entry in entries]))
    ordered = sorted(entries, key=lambda entry: entry.milliseconds)
    positions = {}
    for index, entry in enumerate(ordered):
        is_far_right = math.log(entry.milliseconds) > low + 0.6 * (high - low) and high > low
        positions[entry.backbone] = f"{('top', 'bottom')[index % 2]} {'left' if is_far_right else 'right'}"
    return positions


def _is_wide(low: float, high: float) -> bool:
    return high > _WIDE_SPAN * low


def _axis(low: float, high: float) -> dict[str, object]:
    if _is_wide(low, high):
        return {
            "type": "log",
            "tickvals": _TICKS,
            "ticktext": [f"{tick:g}" for tick in _TICKS],
            "range": [math.log10(0.75 * low), math.log10(1.35 * high)],
        }
    return {"range": [0.0, 1.25 * high]}
