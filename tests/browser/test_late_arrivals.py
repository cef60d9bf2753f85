"""State that reaches a page late is taken up: messages, theme, window size, devices."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Servers
from tests.support.browser import delay_messages, settled
from tests.support.pictures import encoded

DRAWN = re.compile(r"\d")
SCRIPT = """
import numpy as np
import streamlit as st
from pages.ui.components.camera import accept, camera
from pages.ui.components.feature_map import Category, CategoryKind, MapPoints, Ring, feature_map
from pages.ui.components.live_chart import clicked_mark, live_chart
from pages.ui.components.picture_grid import GridAction, GridTile, picture_grid
from pages.ui.components.upload import upload

st.set_page_config(layout="wide")
st.title("Late")
st.text(f"{st.context.locale} {st.context.timezone}")
count = st.radio("Points", [40, 30])
charts, maps, rest = st.tabs(["Charts", "Maps", "Rest"])
with maps:
    angles = np.linspace(0, 6, count)
    points = MapPoints(
        positions=np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32),
        sha256=[f"{number:064x}" for number in range(count)],
        names=[f"{number}.png" for number in range(count)],
    )
    categories = [Category(name="cat", kind=CategoryKind.CLASS), Category(name="?", kind=CategoryKind.UNLABELLED)]
    rows = feature_map(
        points, categories, np.arange(count) % 2, [Ring(name="odd", colour="red")],
        np.zeros((count, 1), bool), project="none", key="map",
    )
    st.text(f"{len(rows)} rows of {count}")
with charts:
    marks = {"type": "scatter", "mode": "markers", "x": [1, 2], "y": [1, 2], "customdata": [7, 8]}
    live_chart({"data": [marks], "layout": {"showlegend": False}}, key="chart", clickable=True)
    st.text(f"clicked {clicked_mark('chart')}")
with rest:
    event = picture_grid(
        [GridTile(id=str(number), source="", caption=f"picture {number}") for number in range(3)],
        key="grid", label="Pictures",
        actions=[GridAction(id="class", label="Class", key="c", choices=tuple(f"class {n}" for n in range(9)))],
    )
    if event:
        st.session_state["events"] = [*st.session_state.get("events", []), f"{event.choice}:{','.join(event.ids)}"]
        st.rerun()
    st.text(" ".join(st.session_state.get("events", ["nothing"])))
    arrived = upload(key="upload", label="Files")
    if arrived:
        st.session_state["arrived"] = arrived.name
    st.text(f"arrived {st.session_state.get('arrived')}")
    catch = camera(key="camera", class_name="cat")
    if catch:
        accept(catch)
        st.session_state["taken"] = len(catch.pictures)
        st.rerun()
    st.text(f"taken {st.session_state.get('taken')}")
"""


@pytest.fixture
def address(script_servers: Servers) -> str:
    return script_servers.serve(SCRIPT)


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def map_plot(page: Page) -> Locator:
    return page.locator(".dr-map-plot")


def lasso_everything(page: Page) -> None:
    box = map_plot(page).bounding_box()
    assert box
    left, top = box["x"] + 3, box["y"] + 3
    right, bottom = left + box["width"] - 6, top + box["height"] - 6
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(*corner, steps=3)
    page.mouse.up()


def test_every_component_works_with_late_messages(page: Page, address: str, tmp_path: Path) -> None:
    """The first message of each component, and every other one, comes late in both directions."""
    delay_messages(page, 700)
    page.goto(address)
    settled(page)
    expect(
        page.get_by_text(page.evaluate("() => Intl.DateTimeFormat().resolvedOptions().timeZone"))
    ).to_be_visible()
    click_the_second_mark(page)
    expect(page.get_by_text("clicked 8")).to_be_visible()

    open_tab(page, "Maps")
    expect(map_plot(page)).to_have_attribute("data-drawn", DRAWN)
    lasso_everything(page)
    expect(page.get_by_text("40 rows of 40")).to_be_visible()

    open_tab(page, "Rest")
    tiles = page.get_by_role("option", name="picture")
    for number in range(2):
        tiles.nth(number).focus()
        page.keyboard.press("c")
        page.keyboard.press("Enter")
    expect(page.get_by_text("class 0:0 class 0:1").or_(page.get_by_text("class 0:0,1"))).to_be_visible()

    file = tmp_path / "pets.png"
    file.write_bytes(encoded(np.zeros((8, 8), np.uint8), "PNG"))
    page.locator(".file-input").set_input_files(file)
    expect(page.get_by_text("arrived pets.png")).to_be_visible()

    page.get_by_role("button", name="Turn on the camera").click()
    page.get_by_role("button", name="Take a picture").click()
    page.get_by_role("button", name="Add 1 picture to").click()
    expect(page.get_by_text("taken 1")).to_be_visible()


def click_the_second_mark(page: Page) -> None:
    marks = page.locator(".st-key-chart .points path")
    expect(marks).to_have_count(2)
    box = marks.nth(1).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    expect(
        page.locator(".hoverlayer .hovertext")
    ).to_be_visible()  # a click counts once Plotly has seen the pointer
    page.mouse.click(x, y)


def test_the_map_shows_the_points_of_the_dataset_it_returns_to(page: Page, address: str) -> None:
    """An undone change brings back points that the browser has replaced."""
    page.goto(address)
    settled(page)
    open_tab(page, "Maps")
    expect(map_plot(page)).to_have_attribute("data-drawn", DRAWN)
    lasso_everything(page)
    expect(page.get_by_text("40 rows of 40")).to_be_visible()
    page.get_by_text("30", exact=True).click()
    expect(page.get_by_text("0 rows of 30")).to_be_visible()
    expect_points(page, 30)
    page.get_by_text("40", exact=True).click()
    expect_points(page, 40)


def expect_points(page: Page, count: int) -> None:
    """Wait until the map draws that many points."""
    page.wait_for_function(
        "count => document.querySelector('.dr-map-plot').data.flatMap(trace => [...trace.x]).length === count",
        arg=count,
    )


def test_the_map_follows_the_theme(page: Page, address: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(address)
    settled(page)
    open_tab(page, "Maps")
    expect(map_plot(page)).to_have_attribute("data-drawn", DRAWN)
    dot = page.locator(".dr-map-chip").last.locator("i")
    light = dot.evaluate("element => element.style.getPropertyValue('--dot')")
    page.emulate_media(color_scheme="dark")
    expect(dot).not_to_have_attribute("style", f"--dot: {light};")
    colour = dot.evaluate("element => element.style.getPropertyValue('--dot')")
    page.wait_for_function(
        "colour => document.querySelector('.dr-map-plot').data.some(trace => trace.marker.color === colour)",
        arg=colour,
    )


def expect_fit(page: Page, plot: Locator) -> None:
    """Wait until a plot is as wide as its element."""
    expect(plot).to_be_visible()
    page.wait_for_function(
        "element => Math.abs(element._fullLayout.width - element.getBoundingClientRect().width) < 2",
        arg=plot.element_handle(),
    )


def test_charts_take_the_width_of_a_tab_that_opens_later(page: Page, address: str) -> None:
    """A hidden tab has no width; Plotly would stay at 700 pixels."""
    page.goto(address)
    settled(page)
    expect(page.locator(".st-key-chart .main-svg").first).to_be_visible()
    page.get_by_role("tab", name="Maps").click()
    expect_fit(page, map_plot(page))
    stage = page.locator(".dr-map-stage")
    expect(stage).to_have_css("height", "560px")
    page.set_viewport_size({"width": 390, "height": 900})
    expect(stage).not_to_have_css("height", "560px")
    expect_fit(page, map_plot(page))
    page.get_by_role("tab", name="Charts").click()
    expect_fit(page, page.locator(".darkroom-live-chart"))
    page.set_viewport_size({"width": 1280, "height": 900})
    expect_fit(page, page.locator(".darkroom-live-chart"))
    page.get_by_role("tab", name="Maps").click()
    expect(stage).to_have_css("height", "560px")
    expect_fit(page, map_plot(page))


def test_charts_follow_an_element_that_changes_its_width(page: Page, address: str) -> None:
    """A sidebar that closes changes no window."""
    page.goto(address)
    settled(page)
    chart = page.locator(".darkroom-live-chart")
    expect(chart.locator(".main-svg").first).to_be_visible()
    page.locator(".st-key-chart").evaluate("element => { element.style.width = '400px' }")
    expect(chart).to_have_css("width", "400px")
    expect_fit(page, chart)


def test_a_menu_stays_inside_a_window_that_shrinks(page: Page, address: str) -> None:
    """As on a phone whose keyboard appears."""
    page.goto(address)
    settled(page)
    open_tab(page, "Rest")
    page.get_by_role("option", name="picture").first.click()
    page.get_by_role("button", name="Class").click()
    menu = page.get_by_role("dialog", name="Class")
    expect(menu).to_be_visible()
    page.set_viewport_size({"width": 500, "height": 420})
    page.wait_for_function(
        """element => { const box = element.getBoundingClientRect()
        return box.right <= innerWidth && box.bottom <= innerHeight && box.top >= 0 && box.left >= 0 }""",
        arg=menu.element_handle(),
    )


FAKE_TOUCH = """
const plain = window.matchMedia.bind(window)
window.touch = Object.assign(new EventTarget(), { matches: false })
window.matchMedia = query => query === "(hover: none)" ? window.touch : plain(query)
"""


def test_the_hint_follows_a_device_that_becomes_a_tablet(page: Page, address: str) -> None:
    page.add_init_script(FAKE_TOUCH)
    page.goto(address)
    settled(page)
    open_tab(page, "Rest")
    expect(page.get_by_text("Click to select.")).to_be_visible()
    page.evaluate("() => { touch.matches = true; touch.onchange(new Event('change')) }")
    expect(page.get_by_text("Tap to select.")).to_be_visible()


def test_a_camera_that_is_connected_later_can_be_chosen(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    open_tab(page, "Rest")
    page.get_by_role("button", name="Turn on the camera").click()
    expect(page.get_by_role("button", name="Take a picture")).to_be_enabled()
    choice = page.get_by_role("combobox", name="Camera")
    expect(choice).to_be_hidden()
    page.evaluate(
        """async () => {
          const [first] = (await navigator.mediaDevices.enumerateDevices()).filter(d => d.kind === "videoinput")
          const second = { kind: "videoinput", deviceId: "second", label: "Second camera" }
          navigator.mediaDevices.enumerateDevices = async () => [first, second]
          navigator.mediaDevices.dispatchEvent(new Event("devicechange"))
        }"""
    )
    expect(choice).to_be_visible()
    expect(choice.get_by_role("option")).to_have_count(2)
