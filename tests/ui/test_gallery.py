"""Galleries of pictures."""

from __future__ import annotations

from pathlib import Path

import pages.ui.gallery

SOURCES = Path(pages.ui.gallery.__file__).parent


def test_no_picture_is_cropped() -> None:
    """Training stretches a picture and crops nothing: a cropped thumbnail hides what the network sees."""
    styled = [path for path in SOURCES.rglob("*") if path.suffix in {".css", ".py", ".js"}]
    cropping = [path.name for path in styled if "object-fit: cover" in path.read_text(encoding="utf-8")]
    assert cropping == []
