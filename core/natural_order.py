"""Natural order of names: “class 2” before “class 10”."""

from __future__ import annotations

import re

# Python refuses to read numbers of more than 4300.
_MAX_DIGITS = 4000


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key by which class 2 precedes class 10."""
    pieces = [piece for piece in re.split(r"(\d+)", name.casefold()) if piece]
    return [(0, int(piece), "") if _is_number(piece) else (1, 0, piece) for piece in pieces]


def _is_number(piece: str) -> bool:
    return piece.isdecimal() and len(piece) <= _MAX_DIGITS
