"""Chart of the accuracy on slices."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.slices.measuring import SliceScore
from pages.ui.charts import MUTED_COLOUR, VALIDATION_COLOUR, plain
from pages.ui.evaluate.slices.names import slice_name
from pages.ui.plotly_types import PlotlyObject
from pages.ui.text import _, number, percent

_ROW_PIXELS, _FRAME_PIXELS = 28, 96
_MAX_NAME_LENGTH = 34


def slice_chart(scores: Sequence[SliceScore], accuracy: float) -> PlotlyObject:
    """Draw the accuracy on each slice with its 95% interval, the first on top.

    Args:
        scores: slices; a click on one reports its index.
        accuracy: on all test pictures, 0 to 1; a dotted line.
    """
    proven = [index for index, score in enumerate(scores) if score.is_proven]
    others = [index for index, score in enumerate(scores) if not score.is_proven]
    traces = [
        _trace(scores, proven, _("worse than the rest"), VALIDATION_COLOUR, "diamond"),
        _trace(scores, others, _("may be chance"), MUTED_COLOUR, "circle"),
    ]
    return {
        "data": [trace for trace in traces if trace["x"]],
        "layout": {
            "height": _FRAME_PIXELS + _ROW_PIXELS * len(scores),
            "margin": {"l": 8, "r": 16, "t": 36, "b": 44},
            "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
            "showlegend": True,
            "hovermode": "closest",
            "shapes": [
                {
                    "type": "line",
                    "x0": 100 * accuracy,
                    "x1": 100 * accuracy,
                    "y0": 0,
                    "y1": 1,
                    "yref": "paper",
                    "line": {"color": MUTED_COLOUR, "dash": "dot", "width": 1},
                }
            ],
            "xaxis": {"title": {"text": _("test pictures right (%)")}, "range": [-2, 102]},
            "yaxis": {
                "tickmode": "array",
                "tickvals": list(range(len(scores))),
                "ticktext": [plain(slice_name(score), _MAX_NAME_LENGTH) for score in scores],
                "range": [len(scores) - 0.5, -0.5],
                "automargin": True,
                "showgrid": False,
                "zeroline": False,
            },
        },
    }


def _trace(
    scores: Sequence[SliceScore], indices: Sequence[int], name: str, colour: str, symbol: str
) -> PlotlyObject:
    shown = [scores[index] for index in indices]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [100 * score.accuracy for score in shown],
        "y": list(indices),
        "customdata": list(indices),
        "text": [
            f"{percent(score.accuracy)} · "
            + _("{n} of {all} pictures").format(
                n=number(round(score.accuracy * score.pictures)), all=number(score.pictures)
            )
            for score in shown
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": colour, "size": 11, "symbol": symbol},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (score.interval[1] - score.accuracy) for score in shown],
            "arrayminus": [100 * (score.accuracy - score.interval[0]) for score in shown],
            "color": colour,
            "thickness": 1.5,
            "width": 3,
        },
    }
