"""State of widgets and components: values before they are drawn, resets, handled messages."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from pages.ui import session


def counter(key: str) -> int:
    """Return the number that ``count_up`` raises: as part of a widget's key it resets the widget."""
    return int(session.get(f"counter-{key}", 0))


def count_up(key: str) -> None:
    """Raise a counter, which resets the widgets that have it in their keys."""
    session.put(f"counter-{key}", counter(key) + 1)


def widget_value(widget: str, default: int) -> int:
    """Return the number of a widget (by its key) before it is drawn."""
    return int(session.get(widget, default))


def set_first_value(widget: str, value: float) -> None:
    """Set the first value of a widget (by its key) that is not drawn yet.

    Unlike the widget's default, the user can clear it: the field is then empty.
    """
    session.put_if_missing(widget, value)


def set_value(widget: str, value: float) -> None:
    """Set the value of a widget (by its key) before it is drawn."""
    session.put(widget, value)


def selected_rows(table: str) -> list[int]:
    """Return the selected rows of a table (by its key), before it is drawn."""
    value = session.get(table)
    return list(value["selection"]["rows"]) if value else []


def is_open(panel: str, *, default: bool) -> bool:
    """Check that an expandable panel of a page is open."""
    return bool(session.get(f"open-{panel}", default))


def set_open(panel: str, is_open: bool) -> None:
    """Open or close an expandable panel."""
    session.put(f"open-{panel}", is_open)


def session_name() -> str:
    """Return this session's random name, to reject component messages of another session."""
    return str(session.put_if_missing("session-name", secrets.token_hex(8)))


def handled_serial(component: str) -> int:
    """Return the serial number of the last component message that this session has handled."""
    return int(session.get(f"answered-{component}", 0))


def mark_handled(component: str, serial: int) -> None:
    """Remember that a component's messages up to this serial number are handled."""
    session.put(f"answered-{component}", serial)


def component_state(component: str, name: str) -> object:
    """Return a component's state by its key and name, before it is drawn; None if there is none."""
    values = session.get(component)
    return values.get(name) if isinstance(values, Mapping) else None


def upload_state(key: str) -> dict[str, Any]:
    """Return the stored state of the upload of this key; see ``pages.ui.components.upload``."""
    return dict(session.get(f"sending-{key}", {}))


def update_upload_state(key: str, **values: object) -> None:
    """Change values in the stored state of an upload."""
    session.put(f"sending-{key}", upload_state(key) | values)
