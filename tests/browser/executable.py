"""The browser that the tests drive. ``python -m tests.browser.executable`` prints its path."""

from __future__ import annotations

import sys

from core.delivery.formats.web.browser import find_browser

if __name__ == "__main__":
    executable = find_browser()
    print(executable or "No Chromium found.")
    sys.exit(0 if executable else 1)
