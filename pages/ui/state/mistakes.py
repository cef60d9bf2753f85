"""State of the Evaluate page's mistakes: the chosen cell of the confusion matrix, and the picture that is looked at."""

from __future__ import annotations

from pages.ui import session


def chosen_cell(run: str) -> int | None:
    """Return the number of the cell whose pictures are shown; None: all mistakes."""
    cell: int | None = session.get(f"confused-{run}")
    return cell


def choose_cell(run: str, cell: int | None) -> None:
    """Show the pictures of a cell; None: all mistakes."""
    session.put(f"confused-{run}", cell)


def looked_at(run: str) -> str | None:
    """Return the id of the picture whose details are shown."""
    identifier: str | None = session.get(f"looked-at-{run}")
    return identifier


def look_at(run: str, identifier: str | None) -> None:
    """Show the details of a picture; None: of none."""
    session.put(f"looked-at-{run}", identifier)
