"""JavaScript and styles of the custom components."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "assets"


def assets(*names: str) -> str:
    """Join asset files in the given order, for a component's ``js`` or ``css``."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
