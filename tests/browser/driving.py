"""How the browser tests talk to a Streamlit page: wait for it, take its picture."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
PATIENCE_MS = 60_000  # the first visit of a cold server imports much


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
