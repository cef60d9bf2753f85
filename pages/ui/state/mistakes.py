"""State of the Evaluate page's mistakes: the chosen cell of the confusion matrix, and the picture to look at closer."""

from __future__ import annotations

from pages.ui import session

_LOOKED_AT = "looked-at"


def chosen_cell(run: str) -> int | None:
    """Return the number of the cell whose pictures are shown; None: all mistakes."""
    cell: int | None = session.get(f"confused-{run}")
    return cell


def choose_cell(run: str, cell: int | None) -> None:
    """Show the pictures of a cell; None: all mistakes."""
    session.put(f"confused-{run}", cell)


def look_at(identifier: str) -> None:
    """Remember a picture whose details the next run of the page shows."""
    session.put(_LOOKED_AT, identifier)


def take_looked_at() -> str | None:
    """Return the id of the picture whose details are to be shown, and forget it."""
    identifier: str | None = session.pop(_LOOKED_AT)
    return identifier
