"""Messages for the page that is drawn next: an error, and the backbone whose weights were imported."""

from __future__ import annotations

from core.messages import Message
from pages.ui import session

_ERROR, _IMPORTED_WEIGHTS = "problem", "imported-weights"


def remember_error(error: Message) -> None:
    """Store an error for the page that is drawn next."""
    session.put(_ERROR, error.to_json())


def take_error() -> Message | None:
    """Return the stored error, once; None if there is none."""
    error = session.pop(_ERROR)
    return Message.from_json(error) if error else None


def imported_weights() -> str | None:
    """Return the backbone whose weights this session imported last."""
    key: str | None = session.get(_IMPORTED_WEIGHTS)
    return key


def remember_imported_weights(backbone: str | None) -> None:
    """Store the backbone whose weights were imported."""
    session.put(_IMPORTED_WEIGHTS, backbone)
