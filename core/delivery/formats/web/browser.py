"""Headless Chromium for checking exported pages: a browser of this computer, driven by Playwright if it is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSER_VARIABLE = "DARKROOM_BROWSER"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Containers have no sandbox for it and little shared memory; software draws the same pixels everywhere.
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")


def find_browser() -> Path | None:
    """``$DARKROOM_BROWSER``, a Chromium on the path, or the one Playwright fetched; else None."""
    named = os.environ.get(BROWSER_VARIABLE)
    if named:
        return Path(named) if Path(named).is_file() else None
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    if find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        fetched = Path(playwright.chromium.executable_path)
    return fetched if fetched.is_file() else None


@cache
def can_open_pages() -> bool:
    """True if exported pages can be checked here."""
    return find_spec("playwright") is not None and find_browser() is not None


@contextmanager
def open_browser(*arguments: str) -> Iterator[Browser]:
    """Start the browser, with further arguments; it ends with the block."""
    from playwright.sync_api import sync_playwright

    executable = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()
