"""Response times of the server to the messages of a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.server import ROOT, Server, serving
from core.delivery.formats.web.browser import find_browser

_BROWSER_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
_QUIET_MS = 1000  # of silence: then the last message heard was the end of the answer
# Notes when the page speaks to the server and when it hears from it.
EAVESDROP = """
window.spoken = []
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given)
    this.addEventListener("message", () => spoken.push({ heard: true, at: performance.now() }))
  }
  send(data) {
    spoken.push({ heard: false, at: performance.now() })
    super.send(data)
  }
}
"""
_IS_ANSWERED = f"""
() => spoken.length && spoken.at(-1).heard && performance.now() - spoken.at(-1).at > {_QUIET_MS}
"""
_MILLISECONDS = "() => spoken.at(-1).at - spoken.find((message) => !message.heard).at"


def required_browser() -> Path:
    """The Chromium to time pages in.

    Raises:
        RuntimeError: there is none.
    """
    executable = find_browser()
    if executable is None:
        raise RuntimeError("no Chromium here: install one, or set DARKROOM_BROWSER to its path")
    return executable


@contextmanager
def heard_page(executable: Path, home: Path) -> Iterator[tuple[Page, Server]]:
    """Darkroom on the workspace ``home``, and an empty page that notes what it says to the server and hears."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_BROWSER_ARGUMENTS)
        with serving(ROOT / "app.py", home) as server:
            page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US").new_page()
            page.add_init_script(EAVESDROP)
            yield page, server
        browser.close()


def answered(page: Page, act: Callable[[], None]) -> float:
    """Milliseconds from the first message that an act sends to the last of the answer.

    The page must have been opened with ``EAVESDROP`` as its init script.
    """
    page.evaluate("() => { window.spoken = [] }")
    act()
    page.wait_for_function(_IS_ANSWERED)
    return float(page.evaluate(_MILLISECONDS))
