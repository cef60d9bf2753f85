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

from core.api import plotly_script_path
from pages.ui import state
from pages.ui.components.asset_files import assets
from pages.ui.text import _
from pages.ui.urls import own_url

_DEFAULT_HEIGHT = 320  # pixels
_HTML = """
<div class="darkroom-live-chart" role="figure"></div>
"""

# Streamlit calls the default export again for new data and after a change of
# theme, always with the same element; the function it returns runs at the end.
_JS = """
const charts = new WeakMap()

function themeOf(element) {
  const style = getComputedStyle(element)
  const value = (name) => style.getPropertyValue("--st-" + name).trim()
  const line = value("border-color")
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, automargin: true }
  return {
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      colorway: value("chart-categorical-colors").split(",").map((color) => color.trim()),
      font: { color: value("text-color"), family: value("font"), size: 13 },
      hoverlabel: {
        bgcolor: value("secondary-background-color"),
        bordercolor: line,
        font: { color: value("text-color"), family: value("font") },
      },
      modebar: {
        bgcolor: "rgba(0,0,0,0)",
        color: value("gray-text-color"),
        activecolor: value("text-color"),
      },
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" },
      margin: { l: 56, r: 16, t: 32, b: 44 },
      xaxis: axis,
      yaxis: axis,
    },
  }
}

function draw(Plotly, element, chart) {
  const template = themeOf(element)
  const wanted = chart.figure + JSON.stringify(template)
  if (chart.drawn === wanted) return
  chart.drawn = wanted
  const { data, layout } = JSON.parse(chart.figure)
  Plotly.react(
    element,
    data,
    { ...layout, template, autosize: true, height: chart.height, uirevision: "keep" },
    { displaylogo: false, displayModeBar: chart.modeBar, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] },
  )
  element.dataset.redraws = Number(element.dataset.redraws ?? 0) + 1
  element.removeAllListeners("plotly_click")
  element.on("plotly_click", ({ points }) => {
    const mark = points.map((point) => point.customdata).find(Number.isInteger)
    if (mark !== undefined) chart.tell(mark)
  })
}

export default function ({ data, parentElement, setTriggerValue }) {
  const element = parentElement.querySelector(".darkroom-live-chart")
  const chart = charts.get(element) ?? {}
  charts.set(element, Object.assign(chart, { figure: data.figure, height: data.height, modeBar: data.modeBar ? "hover" : false }))
  chart.tell = (mark) => data.clickable && setTriggerValue("clicked", mark)
  element.style.minHeight = data.height + "px"
  loadPlotly(data.library).then(
    (Plotly) => element.isConnected && draw(Plotly, element, chart),
    () => { element.textContent = data.failure },
  )
  return cleanup(chart, () => {
    window.Plotly?.purge(element)
    chart.drawn = undefined
  })
}
"""

_mount = st.components.v2.component(
    "darkroom_live_chart", html=_HTML, js=assets("elements.js", "plotly.js") + _JS, isolate_styles=False
)


def live_chart(
    figure: Figure | Mapping[str, Any],
    *,
    key: str,
    height: int | None = None,
    clickable: bool = False,
    mode_bar: bool = True,
) -> None:
    """Draw ``figure``, or update the chart that already has this ``key``.

    A figure that is redrawn often may be plain data: ``{"data": […], "layout": {…}}``.

    Colours, fonts and margins come from the page's theme, in light and in dark:
    the figure's template is dropped; values set in its layout and traces stay.
    ``height`` is in pixels, by default that of the figure's layout, or 320. ``mode_bar`` shows buttons
    to zoom and save. Where the chart is ``clickable``, a click on a mark whose ``customdata`` is a whole
    number reruns the script; ``clicked_mark`` then returns the number.
    """
    _mount(
        key=key,
        data={
            "figure": _as_json(figure),
            "height": height or _layout_height(figure) or _DEFAULT_HEIGHT,
            "modeBar": mode_bar,
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
