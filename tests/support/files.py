"""Files that cannot be opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def deny_opening(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make files of a name unreadable; tests may run as root, who may read all."""
    opened = Path.open

    def open_other(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_other)
