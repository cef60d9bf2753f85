"""Browser helpers: wait for a Streamlit page, save screenshots, overtake component calls."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
# Longest wait for a state: the first visit of a cold server imports much, and other work may run beside the tests.
PATIENCE_MS = 120_000


def settled(page: Page, timeout_ms: float = PATIENCE_MS) -> Page:
    """Wait until the page is connected and its script has run through."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=timeout_ms)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=timeout_ms)
    return page


def screenshot(page: Page, name: str) -> Path:
    """Save what the page shows now as ``tests/artifacts/NAME.png``."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    return path


# New data may overtake a component's call: Streamlit then cleans up after the call, and the element stays.
# Here every call is overtaken, so that what now and then happens on a busy machine happens always.
_OVERTAKING = """
const Plain = window.Blob
window.Blob = class extends Plain {
  // The browser's own blobs are of the plain class.
  static [Symbol.hasInstance](value) {
    return value instanceof Plain
  }
  constructor(parts, options) {
    const marker = "export default function ("
    super((parts ?? []).map((part) => typeof part !== "string" || !part.includes(marker) ? part
      : part.replace(marker, "const overtaken = function (") + `
export default (given) => {
  Promise.resolve(overtaken(given)).then((cleanUp) => cleanUp())
  return overtaken(given)
}`), options)
  }
}
"""


def overtake_components(page: Page) -> None:
    """Let every call of a component on the page be overtaken by another one, before the page is opened."""
    page.add_init_script(_OVERTAKING)


_DELAYING = """
const Plain = window.WebSocket
window.WebSocket = class extends Plain {
  send(data) {
    setTimeout(() => this.readyState === Plain.OPEN && super.send(data), DELAY)
  }
  addEventListener(type, listener, options) {
    const late = event => setTimeout(() => listener.call(this, event), DELAY)
    super.addEventListener(type, type === "message" ? late : listener, options)
  }
  set onmessage(listener) {
    this.addEventListener("message", listener)
  }
}
"""


def delay_messages(page: Page, delay_ms: int) -> None:
    """Delay every message between page and server, in order, before the page is opened."""
    page.add_init_script(_DELAYING.replace("DELAY", str(delay_ms)))
