"""The JavaScript and the styles of our own components, files beside this one."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "assets"


def assets(*names: str) -> str:
    """The files as one text, in this order: what a component's ``js`` or ``css`` takes."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
