"""State of the Predict page: the batch that is shown, and the pictures whose answers were kept."""

from __future__ import annotations

from collections.abc import Collection

from pages.ui import session

_BATCH, _NOTED = "batch", "noted-pictures"


def chosen_batch(known: Collection[str]) -> str | None:
    """Return the batch to show: chosen, or named by the address."""
    return session.get_known(_BATCH, known)


def choose_batch(name: str | None) -> None:
    """Show a batch; None: none."""
    if name is None:
        session.pop_addressed(_BATCH)
    else:
        session.put_addressed(_BATCH, name)


def is_noted(answer: str) -> bool:
    """True if this session has kept an answer, given by a digest of run and picture."""
    return answer in session.get(_NOTED, ())


def note(answers: Collection[str]) -> None:
    """Remember that answers were kept; only those of the last pictures matter."""
    session.put(_NOTED, tuple(answers))
