"""Chart component that updates in place while a job runs.

``st.plotly_chart`` is rebuilt whenever its data changes: it flickers and
forgets zoom and hidden traces (streamlit/streamlit#8782). This one passes the
new figure to ``Plotly.react``, which keeps the zoom. It writes in the theme's
text colour, not in the fixed grey of ``st.plotly_chart``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st
from plotly.graph_objects import Figure

from core.http.pages import plotly_script_path
from pages.ui import state
from pages.ui.components.asset_files import assets
from pages.ui.text import _
from pages.ui.urls import own_url

_DEFAULT_HEIGHT = 320  # pixels
_HTML = """
<div class="darkroom-live-chart" role="figure"></div>
"""

_mount = st.components.v2.component(
    "darkroom_live_chart",
    html=_HTML,
    js=assets("elements.js", "plotly.js", "live_chart.js"),
    isolate_styles=False,  # Plotly writes its own styles into the document
)


def live_chart(
    figure: Figure | Mapping[str, Any],
    *,
    key: str,
    of: str = "",
    height: int | None = None,
    clickable: bool = False,
    mode_bar: bool = True,
) -> None:
    """Draw ``figure``, or update the chart that already has this ``key``.

    A figure that is redrawn often may be plain data: ``{"data": […], "layout": {…}}``.

    Colours, fonts and margins come from the page's theme, in light and in dark:
    the figure's template is dropped; values set in its layout and traces stay.
    ``height`` is in pixels, by default that of the figure's layout, or 320. ``mode_bar`` shows buttons
    to zoom and save; the saved picture is named after ``of``, the run or project that the chart shows, and
    after ``key``, which may have it already. Where the chart is ``clickable``, a click on a mark whose ``customdata`` is a whole
    number reruns the script; ``clicked_mark`` then returns the number.
    """
    _mount(
        key=key,
        data={
            "figure": _as_json(figure),
            "height": height or _layout_height(figure) or _DEFAULT_HEIGHT,
            "modeBar": mode_bar,
            "fileName": f"{of}-{key}" if of else key,
            "library": own_url(plotly_script_path()),
            "failure": _("The chart could not be loaded. Reload the page to try again."),
            "clickable": clickable,
        },
        on_clicked_change=_run_anew,
    )


def clicked_mark(key: str) -> int | None:
    """Return the number of the clicked mark, in the script run that the click caused."""
    mark = state.component_state(key, "clicked")
    return mark if isinstance(mark, int) else None


def _run_anew() -> None:
    """Accept a click: Streamlit reruns the script, which reads ``clicked_mark``."""


def _layout_height(figure: Figure | Mapping[str, Any]) -> int | None:
    height = figure.layout.height if isinstance(figure, Figure) else figure["layout"].get("height")
    return int(height) if height else None


def _as_json(figure: Figure | Mapping[str, Any]) -> str:
    if isinstance(figure, Figure):
        bare = Figure(figure)
        bare.layout.template = None
        return str(bare.to_json())
    return json.dumps(figure, allow_nan=False)
