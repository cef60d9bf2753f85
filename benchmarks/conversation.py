"""How long the server takes to answer what a browser asks of a page."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

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


def answered(page: Page, act: Callable[[], None]) -> float:
    """Milliseconds from the first message that an act sends to the last of the answer.

    The page must have been opened with ``EAVESDROP`` as its init script.
    """
    page.evaluate("() => { window.spoken = [] }")
    act()
    page.wait_for_function(_IS_ANSWERED)
    return float(page.evaluate(_MILLISECONDS))
