"""The live camera: the browser classifies by itself, and a frozen frame reaches Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Servers
from tests.support.browser import overtake_components, screenshot, settled

SCRIPT = """
from pathlib import Path
import streamlit as st
from core.delivery.prediction import Classifier
from core.workspace import find_run
from pages.ui.components.live_camera import live_camera

st.title("Live")
_, run = find_run(st.query_params["run"])
frame = live_camera(run)
guesses = None if frame is None else Classifier(run).guesses(frame)
st.text("nothing frozen" if guesses is None else f"frozen, {len(guesses)} classes")
if guesses is not None:
    st.text(f"Python: {100 * guesses[0].probability:.1f}")
"""

# Ends once the answer beside the camera was drawn anew several times.
SOME_ANSWERS = """
element => new Promise(resolve => {
  let answers = 0
  const observer = new MutationObserver(() => {
    answers += 1
    if (answers === 5) resolve()
  })
  observer.observe(element, { attributes: true, characterData: true, childList: true, subtree: true })
})
"""


@pytest.fixture
def address(script_servers: Servers, finished_run: Path) -> str:
    return f"{script_servers.serve(SCRIPT)}/?run={finished_run.name}"


def test_frames_are_answered_in_the_browser_and_a_frozen_one_in_python(page: Page, address: str) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    overtake_components(page)
    page.goto(address)
    settled(page)
    page.get_by_role("button", name="Turn on the camera").click()
    expect(page.locator(".dr-shares dd")).to_have_count(3)
    expect(page.get_by_text("pictures a second")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".dr-live-answer").evaluate(SOME_ANSWERS)
    assert asked == [], "frames are classified without the server"
    screenshot(page, "live-camera")
    page.get_by_role("button", name="Freeze this picture").click()
    expect(page.get_by_text("frozen, 3 classes")).to_be_visible()
    in_python = float(page.get_by_text("Python: ").inner_text().removeprefix("Python: "))
    in_browser = float(page.locator(".dr-live-answer dd").first.inner_text().strip("<>%"))
    assert in_browser == pytest.approx(in_python, abs=1), "of the frozen frame, not of those before it"
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("nothing frozen")).to_be_visible()
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Turn on the camera")).to_be_visible()
    assert errors == []


# The browser's own answer to a picture file, unlike that to a video, waits until the test lets it go.
_SLOW_ANSWERS = """
const decode = window.createImageBitmap
const gate = new Promise(resolve => { window.letAnswers = resolve })
window.createImageBitmap = async (...given) => {
  await gate
  return decode(...given)
}
"""


def test_a_frozen_frame_shows_no_earlier_answer_on_a_busy_computer(page: Page, address: str) -> None:
    """Python may answer before the browser does; what stands beside the frame is never another frame's."""
    page.add_init_script(_SLOW_ANSWERS)
    page.goto(address)
    settled(page)
    page.get_by_role("button", name="Turn on the camera").click()
    expect(page.locator(".dr-shares dd")).to_have_count(3)
    page.get_by_role("button", name="Freeze this picture").click()
    expect(page.get_by_text("frozen, 3 classes")).to_be_visible()
    expect(page.locator(".dr-shares dd")).to_have_count(0)
    page.evaluate("window.letAnswers()")
    expect(page.locator(".dr-shares dd")).to_have_count(3)
    in_python = float(page.get_by_text("Python: ").inner_text().removeprefix("Python: "))
    in_browser = float(page.locator(".dr-live-answer dd").first.inner_text().strip("<>%"))
    assert in_browser == pytest.approx(in_python, abs=1)
