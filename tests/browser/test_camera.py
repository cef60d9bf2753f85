"""Pictures from the camera: one at a click, several while held, none lost on the way to the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from core.delivery.formats.web.browser import find_browser
from tests.browser.conftest import BROWSER_ARGUMENTS, Servers
from tests.support.browser import PATIENCE_MS, overtake_components, screenshot, settled

SCRIPT = """
import streamlit as st
from core.workspace import home
from pages.ui.components import camera

camera.LIMIT = 12
st.title("Camera")
name = st.radio("Class", ["cat", "<b>dog</b>"])
is_refusing = st.toggle("Refuse")
if not st.toggle("Away"):
    catch = camera.camera(key="camera", class_name=name)
    if catch:
        said = f"Refused {len(catch.pictures)}"
        if not is_refusing:
            folder = home() / str(catch.serial)
            folder.mkdir()
            for picture in catch.pictures:
                (folder / f"{picture.burst} {picture.name}").write_bytes(picture.data)
            camera.accept(catch)
            said = f"Stored {len(catch.pictures)} for {name}"
        st.session_state["said"] = said
        st.rerun()
st.text(st.session_state.get("said", ""))
"""
# Remembers every stream that the page got, to see whether the camera is let go.
WATCH = """
window.streams = []
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
navigator.mediaDevices.getUserMedia = async (wish) => {
  const stream = await ask(wish)
  streams.push(stream)
  return stream
}
"""
STATES = "streams.map((stream) => stream.getVideoTracks()[0].readyState).join()"


def expect_states(page: Page, *states: str) -> None:
    """Wait until the streams that the page ever got are in these states."""
    page.wait_for_function(f"states => {STATES} === states", arg=",".join(states))


@pytest.fixture
def address(script_servers: Servers) -> str:
    return script_servers.serve(SCRIPT)


@pytest.fixture
def shutter(page: Page, address: str) -> Locator:
    """The shutter of a camera that has been turned on."""
    page.add_init_script(WATCH)
    return turned_on(page, address)


def turned_on(page: Page, address: str) -> Locator:
    page.goto(address)
    settled(page)
    page.get_by_role("button", name="Turn on the camera").click()
    shutter = page.get_by_role("button", name="Take a picture")
    expect(shutter).to_be_enabled()
    return shutter


VIDEO = "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.querySelector('video')"


def test_the_camera_goes_on_although_a_call_was_overtaken(page: Page, address: str) -> None:
    """With an overtaken call, it asked for the camera for ever."""
    overtake_components(page)
    shutter = turned_on(page, address)
    shutter.click()
    expect(strip(page)).to_have_count(1)


def strip(page: Page) -> Locator:
    return page.get_by_role("list", name="Pictures taken").get_by_role("listitem")


def next_frame(page: Page, frames: int = 1) -> None:
    """Wait until the camera has given so many more pictures."""
    count = f"{VIDEO}.getVideoPlaybackQuality().totalVideoFrames"
    page.wait_for_function(f"before => {count} >= before + {frames}", arg=page.evaluate(f"() => {count}"))


def test_a_click_takes_one_and_holding_takes_several(page: Page, shutter: Locator, workspace: Path) -> None:
    shutter.click()
    expect(strip(page)).to_have_count(1)
    next_frame(page)
    shutter.focus()
    page.keyboard.press("Space")
    expect(strip(page)).to_have_count(2)
    next_frame(page)
    shutter.hover()
    page.mouse.down()
    expect(strip(page).nth(6)).to_be_attached()
    page.mouse.up()
    next_frame(page, 12)  # a picture may still be on its way
    taken = int(str(page.get_by_text("pictures taken").text_content()).split()[0])
    next_frame(page, 12)
    expect(strip(page)).to_have_count(taken)  # let go, it stops
    screenshot(page, "camera-taken")

    page.get_by_role("button", name="Drop picture 1", exact=True).click()
    expect(page.get_by_text(f"{taken - 1} pictures taken")).to_be_visible()
    page.get_by_role("button", name=f"Add {taken - 1} pictures to").click()
    expect(page.get_by_text(f"Stored {taken - 1} for cat")).to_be_visible()
    expect(strip(page)).to_have_count(0)
    files = sorted((workspace / "1").iterdir())
    assert len(files) == taken - 1
    assert [file.name.split()[0] for file in files] == ["2", *["3"] * (taken - 2)]
    assert len({file.read_bytes() for file in files}) == len(files)  # no frame twice


def test_the_picture_is_not_mirrored_as_the_preview_is(page: Page, shutter: Locator, workspace: Path) -> None:
    """People expect a mirror; a network must see letters as they are. Chromium's camera writes at the top left."""
    expect(page.locator("video")).to_have_css("scale", "-1 1")
    shutter.click()
    page.get_by_role("button", name="Add 1 picture to").click()
    expect(page.get_by_text("Stored 1")).to_be_visible()
    (file,) = (workspace / "1").iterdir()
    with Image.open(file) as picture:
        assert picture.format == "JPEG"
        assert max(picture.size) == 640
        top = np.asarray(picture.convert("L"), dtype=float)[: picture.height // 8]
    left, right = np.array_split(top, 2, axis=1)
    assert left.std() > 3 * right.std()


def test_holding_a_key_takes_several_and_the_limit_is_said(page: Page, shutter: Locator) -> None:
    shutter.focus()
    page.keyboard.down("Space")
    expect(page.get_by_text("12 pictures are the most")).to_be_visible()
    page.keyboard.up("Space")
    expect(strip(page)).to_have_count(12)
    expect(shutter).to_be_disabled()
    page.get_by_role("button", name="Drop all").click()
    expect(shutter).to_be_enabled()
    expect(strip(page)).to_have_count(0)


def test_what_was_refused_is_still_there(page: Page, shutter: Locator, workspace: Path) -> None:
    """A full disk must not cost anyone the pictures they took."""
    shutter.click()
    page.get_by_text("Refuse").click()
    settled(page)
    page.get_by_role("button", name="Add 1 picture").click()
    expect(page.get_by_text("Refused 1")).to_be_visible()
    expect(strip(page)).to_have_count(1)
    page.get_by_text("Refuse", exact=True).click()
    settled(page)
    page.get_by_role("button", name="Add 1 picture").click()
    expect(page.get_by_text("Stored 1")).to_be_visible()
    expect(strip(page)).to_have_count(0)
    assert len(list(workspace.glob("*/*camera*.jpg"))) == 1


def test_the_pictures_go_where_the_button_says(page: Page, shutter: Locator) -> None:
    """The class may be changed before they are added, and the camera stays on."""
    shutter.click()
    page.get_by_text("dog").click()
    page.get_by_role("button", name="Add 1 picture to “\u2068<b>dog</b>\u2069”").click()
    expect(page.get_by_text("Stored 1 for <b>dog</b>")).to_be_visible()
    expect_states(page, "live")


def test_the_camera_is_on_only_while_it_is_wanted(page: Page, shutter: Locator) -> None:
    """Its light must be out before it is turned on, after it is turned off, and on other pages."""
    expect_states(page, "live")
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Turn on the camera")).to_be_visible()
    expect_states(page, "ended")
    page.get_by_role("button", name="Turn on the camera").click()
    shutter.click()
    expect(strip(page)).to_have_count(1)
    page.get_by_text("Away").click()
    expect(shutter).to_have_count(0)
    settled(page)
    expect_states(page, "ended", "ended")
    page.get_by_text("Away").click()
    expect(strip(page)).to_have_count(1)  # what was taken is still there
    expect_states(page, "ended", "ended")


def test_without_a_camera_the_page_says_what_to_do(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    button = page.get_by_role("button", name="Turn on the camera")
    for obstacle, sentence in {
        "new DOMException('no', 'NotAllowedError')": "does not let this page use the camera",
        "new DOMException('no', 'NotFoundError')": "There is no camera",
        "new DOMException('no', 'NotReadableError')": "Another program uses the camera",
        "new Error('<b>smoke</b>')": "cannot be started: <b>smoke</b>",
    }.items():
        page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = async () => {{ throw {obstacle} }} }}")
        button.click()
        expect(page.get_by_text(sentence)).to_be_visible()
        button = page.get_by_role("button", name="Try again")
    screenshot(page, "camera-failed")


def test_from_another_computer_the_page_says_why_there_is_no_camera(page: Page, address: str) -> None:
    """Over plain http browsers hide the camera's interface altogether."""
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(address)
    settled(page)
    page.get_by_role("button", name="Turn on the camera").click()
    expect(page.get_by_text("or with https")).to_be_visible()


def test_a_camera_that_is_pulled_out_is_missed(page: Page, shutter: Locator) -> None:
    shutter.click()
    page.evaluate("() => streams[0].getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.get_by_text("no longer connected")).to_be_visible()
    expect(strip(page)).to_have_count(1)


@pytest.fixture
def page_with_two_cameras(browser: Browser) -> Iterator[Page]:
    arguments = [*BROWSER_ARGUMENTS, "--use-fake-device-for-media-stream=device-count=2"]
    other = browser.browser_type.launch(executable_path=find_browser(), args=arguments)
    opened = other.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    other.close()


def test_another_camera_can_be_chosen(page_with_two_cameras: Page, address: str) -> None:
    page = page_with_two_cameras
    page.add_init_script(WATCH)
    turned_on(page, address)
    choice = page.get_by_role("combobox", name="Camera")
    first = choice.input_value()
    choice.select_option(index=1)
    page.wait_for_function("() => streams.length === 2")
    expect(page.get_by_role("button", name="Take a picture")).to_be_enabled()
    expect(choice).not_to_have_value(first)
    expect_states(page, "ended", "live")


def test_the_camera_fits_every_window(page: Page, address: str) -> None:
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        turned_on(page, address).hover()
        page.mouse.down()
        expect(strip(page).nth(5)).to_be_attached()
        page.mouse.up()
        assert page.evaluate("() => document.scrollingElement.scrollWidth <= innerWidth")
        screenshot(page, f"camera-{width}-{scheme}")
