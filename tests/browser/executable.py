"""The browser that the tests drive. ``python -m tests.browser.executable`` prints its path."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_executable() -> Path | None:
    """``$DARKROOM_BROWSER``, a Chromium on the path, or the one Playwright fetched; else None."""
    named = os.environ.get("DARKROOM_BROWSER")
    if named:
        return Path(named) if Path(named).is_file() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    with sync_playwright() as playwright:
        fetched = Path(playwright.chromium.executable_path)
    return fetched if fetched.is_file() else None


if __name__ == "__main__":
    executable = find_executable()
    print(executable or "No Chromium found.")
    sys.exit(0 if executable else 1)
