"""The live chart changes in place: nothing flickers, the reader's zoom stays."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Servers
from tests.support.browser import overtake_components, screenshot, settled

SCRIPT = """
import plotly.graph_objects as go
import streamlit as st
from pages.ui.components.live_chart import live_chart

@st.fragment(run_every=0.5)
def progress():
    count = st.session_state.get("count", 0) + 1
    st.session_state["count"] = count
    figure = go.Figure(go.Scatter(x=list(range(count)), y=[1 / (1 + i) for i in range(count)], name="loss"))
    figure.update_layout(xaxis_title="epoch", yaxis_title="loss")
    live_chart(figure, key="curves")

st.title("Live")
progress()
"""


def test_the_chart_stays_although_a_call_was_overtaken(script_servers: Servers, page: Page) -> None:
    """With an overtaken call, it was emptied."""
    overtake_components(page)
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    expect(page.locator(".st-key-curves .main-svg").first).to_be_visible()
    before = redraws(page)
    page.wait_for_function(
        "before => document.querySelector('.darkroom-live-chart').dataset.redraws >= before + 3", arg=before
    )
    expect(page.locator(".st-key-curves .main-svg").first).to_be_visible()


def test_the_chart_updates_in_place_and_keeps_the_zoom(script_servers: Servers, page: Page) -> None:
    """``st.plotly_chart`` would build a new element at every redraw."""
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    chart = page.locator(".st-key-curves .darkroom-live-chart")
    expect(chart.locator(".main-svg").first).to_be_visible()
    chart.evaluate("element => element.dataset.mark = 'first'")
    chart.evaluate(
        "element => window.Plotly.relayout(element, {'xaxis.range': [1, 3], 'yaxis.range': [0, 2]})"
    )
    before = redraws(page)

    page.wait_for_function(
        "before => document.querySelector('.darkroom-live-chart').dataset.redraws >= before + 9", arg=before
    )

    expect(page.locator(".darkroom-live-chart")).to_have_count(1)
    expect(chart).to_have_attribute("data-mark", "first")
    assert chart.evaluate("element => element.layout.xaxis.range") == [1, 3]
    assert chart.evaluate("element => element._fullLayout.xaxis.range") == [1, 3]
    assert chart.evaluate("element => element.data[0].x.length ?? element.data[0].x._inputArray.length") > 9
    screenshot(page, "live-chart-light")


def test_the_chart_follows_the_theme(script_servers: Servers, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    chart = page.locator(".darkroom-live-chart")
    label = chart.locator(".xtitle")
    expect(label).to_have_css("fill", "rgb(29, 29, 32)")
    page.emulate_media(color_scheme="dark")
    expect(label).to_have_css("fill", "rgb(237, 237, 239)")
    screenshot(page, "live-chart-dark")


def test_the_chart_works_below_a_path(script_servers: Servers, page: Page) -> None:
    """Behind a reverse proxy the app is often not at the root."""
    address = script_servers.serve(SCRIPT, "lab")
    with page.expect_response(re.compile(r"/lab/api/plotly\.min\.js\?v=")) as loading:
        page.goto(address)
    assert loading.value.ok
    assert "immutable" in loading.value.headers["cache-control"]
    expect(page.locator(".darkroom-live-chart .main-svg").first).to_be_visible()


def redraws(page: Page) -> int:
    return int(page.locator(".darkroom-live-chart").get_attribute("data-redraws") or 0)


CLICKABLE = """
import streamlit as st
from pages.ui.components.live_chart import clicked_mark, live_chart

marks = {"type": "scatter", "mode": "markers", "x": [1, 2], "y": [1, 2], "customdata": [7, 8]}
st.title(f"clicked {clicked_mark('marks')}")
live_chart({"data": [marks], "layout": {"showlegend": False}}, key="marks", clickable=True)
"""


def test_a_click_on_a_mark_tells_which_it_was(script_servers: Servers, page: Page) -> None:
    """The search's charts open the trial that was clicked."""
    page.goto(script_servers.serve(CLICKABLE))
    settled(page)
    marks = page.locator(".st-key-marks .points path")
    expect(marks).to_have_count(2)
    expect(page.get_by_role("heading", name="clicked None")).to_be_visible()
    place = marks.nth(1).bounding_box()
    assert place is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    expect(
        page.locator(".hoverlayer .hovertext")
    ).to_be_visible()  # a click counts once Plotly has seen the pointer
    page.mouse.click(x, y)
    expect(page.get_by_role("heading", name="clicked 8")).to_be_visible()


CONFUSION = """
import streamlit as st
import numpy as np
from core.evaluation.mistakes.cells import ConfusionCells
from pages.ui.confusion_chart import confusion_heatmap
from pages.ui.components.live_chart import live_chart

names = ["aeroplane", "bicycle", "bird", "boat", "bottle", "dining table", "motorbike", "potted plant", "tv monitor"]
counts = np.array([[9 if i == j else i for j in range(9)] for i in range(9)])
figure = confusion_heatmap(ConfusionCells.of_counts(counts), names)
st.title("Live")
with st.columns(2)[0]:
    live_chart(figure, key="confusion")
"""


def test_every_class_of_a_confusion_matrix_has_its_label(script_servers: Servers, page: Page) -> None:
    """Plotly hides a label that runs out of the chart, such as the last one of nine turned ones."""
    page.goto(script_servers.serve(CONFUSION))
    settled(page)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for axis in ("x", "y"):
            page.wait_for_function(LABELS_INSIDE, arg=[f".{axis}tick text", 9])
        screenshot(page, f"confusion-{width}")


PRESSED = """
import streamlit as st
import numpy as np
from core.evaluation.mistakes.cells import ConfusionCells
from pages.ui.confusion_chart import confusion_heatmap
from pages.ui.components.live_chart import clicked_mark, live_chart

cells = ConfusionCells.of_counts(np.array([[5, 0, 0], [0, 5, 0], [2, 0, 5]]))
st.title(f"pressed {clicked_mark('confusion')}")
live_chart(confusion_heatmap(cells, ["a", "b", "c"], order=np.array([2, 0, 1])), key="confusion", clickable=True)
"""

# Middle of the cell in the first row and second column: of class c, taken for a.
CELL = """() => {
  const chart = document.querySelector(".st-key-confusion .js-plotly-plot")
  const { xaxis, yaxis } = chart._fullLayout
  const { left, top } = chart.getBoundingClientRect()
  return [left + xaxis._offset + xaxis.l2p(1), top + yaxis._offset + yaxis.l2p(0)]
}"""


def test_a_pressed_cell_of_a_reordered_matrix_reports_its_classes(
    script_servers: Servers, page: Page
) -> None:
    """Row 2 and column 0 of three are cell 6; its count, drawn over the cell, does not catch the press."""
    page.goto(script_servers.serve(PRESSED))
    settled(page)
    expect(page.locator(".st-key-confusion .main-svg").first).to_be_visible()
    x, y = page.evaluate(CELL)
    page.mouse.move(x, y)
    expect(page.locator(".st-key-confusion .hovertext")).to_contain_text("taken for")
    page.mouse.click(x, y)
    expect(page.get_by_role("heading", name="pressed 6")).to_be_visible()


LABELS_INSIDE = """([labels, count]) => {
  const chart = document.querySelector(".st-key-confusion")?.getBoundingClientRect()
  const boxes = [...document.querySelectorAll(`.st-key-confusion ${labels}`)]
    .map((label) => label.getBoundingClientRect())
  return boxes.length === count && boxes.every((box) => box.width > 0
    && box.left >= chart.left - 1 && box.right <= chart.right + 1)
}"""
