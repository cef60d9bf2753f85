"""JavaScript and styles of the custom components."""

from __future__ import annotations

from pathlib import Path

from core.delivery.formats.web import scripts

_FOLDERS = (Path(__file__).parent / "assets", scripts.ASSETS)


def assets(*names: str) -> str:
    """Join asset files in the given order, for a component's ``js`` or ``css``.

    Those that exported web pages use as well are beside their format.
    """
    files = (next(path for folder in _FOLDERS if (path := folder / name).is_file()) for name in names)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
