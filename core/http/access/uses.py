"""Last use of each token: the modification time of an empty file, ``token_uses/ID`` in the workspace."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from core.workspace import home

# A busy token's file is not touched more often.
_PRECISION_SECONDS = 60.0


def note_use(token_id: str) -> None:
    """Remember that a token is used now."""
    last = last_use(token_id)
    if last is not None and 0 <= time.time() - last < _PRECISION_SECONDS:
        return
    file = _file(token_id)
    # A disk that cannot be written refuses no request.
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def last_use(token_id: str) -> float | None:
    """Time of a token's last use to a minute, in seconds since the epoch; None if it was never used."""
    try:
        return _file(token_id).stat().st_mtime
    except FileNotFoundError:
        return None


def forget_use(token_id: str) -> None:
    _file(token_id).unlink(missing_ok=True)


def _file(token_id: str) -> Path:
    return home() / "token_uses" / token_id
