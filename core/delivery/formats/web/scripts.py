"""JavaScript and styles of the classifier in the browser, shared by exported pages and the live camera."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
# From picture to answer.
CLASSIFIER = ("picture.js", "answer.js", "classifier.js")
# The camera's frames, and an answer on the page.
LIVE = ("camera_stream.js", "live.js", "bars.js")


def joined(*names: str) -> str:
    """Join asset files in the given order: what one defines, those after it use."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)
