"""Bar chart of hyperparameter importances."""

from __future__ import annotations

from collections.abc import Mapping

from pages.ui.charts import TRAIN_COLOUR
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.display_names import dimension_name
from pages.ui.search.figures.traces import rounded
from pages.ui.text import _

_ROOM_FOR_LABEL = 1.25  # length of the axis, relative to the longest bar


def param_importances(importances: Mapping[str, float]) -> PlotlyObject:
    """Draw a bar for each dimension, the most important on top. Importances are fractions, 0 to 1."""
    ordered = sorted(importances.items(), key=lambda pair: pair[1])
    longest = max(importances.values(), default=1.0)
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": [dimension_name(name) for name, _importance in ordered],
                "x": [rounded(100 * importance) for _name, importance in ordered],
                "text": [f"{100 * importance:.0f}%" for _name, importance in ordered],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": TRAIN_COLOUR},
                "hoverinfo": "skip",
            }
        ],
        "layout": {
            "xaxis": {
                "title": {"text": _("share of the differences (%)")},
                "range": [0, min(100.0, 100 * _ROOM_FOR_LABEL * longest) or 100.0],
            },
            "yaxis": {"automargin": True},
            "showlegend": False,
        },
    }
