"""Picture grid component: browse, select and act on pictures by mouse, touch and keyboard.

Owns layout and selection; the page carries out the actions. Pictures are loaded from the
routes of ``core.http.pages``, so a page with 200 of them stays small.

Labelling by keyboard is faster than a rerun of the page. Each event waits in the
browser until this session has handled it: none is lost, none is handled twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

import streamlit as st

from core.records import JsonObject
from pages.ui import state
from pages.ui.components.asset_files import assets
from pages.ui.text import _

_MAX_CHOICE_LENGTH = 1000  # characters; nobody types a longer name

_mount = st.components.v2.component(
    "darkroom_picture_grid",
    html='\n<div class="dr-pictures"></div>\n',
    css=assets("picture_grid.css"),
    js=assets(
        "elements.js",
        "outbox.js",
        "tile.js",
        "finding.js",
        "choice_menu.js",
        "lightbox.js",
        "picture_grid.js",
    ),
)


@dataclass(frozen=True, kw_only=True)
class GridTile:
    """One picture of the grid. All texts are shown literally.

    ``source`` and ``large`` are addresses of the thumbnail and of the enlarged picture;
    ``strong`` is bold text before the caption (the class); ``attention`` draws the badge
    in amber; ``facts`` are rows of (name, value) in the large view.
    """

    id: str
    source: str
    large: str = ""
    caption: str = ""
    strong: str = ""
    badge: str = ""
    attention: bool = False
    dimmed: bool = False
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class GridAction:
    """An action on pictures: a button and its keyboard ``key`` ("x", "Delete").

    With ``choices`` a menu opens; ``allows_new`` accepts typed text as well, and with
    ``digits`` the keys 1 to 9 choose the first nine directly. An action without
    ``needs_pictures`` (undo) is always enabled, and its event has no ids. One that
    ``opens_dialog`` of the page closes the enlarged picture, under which it would lie.
    """

    id: str
    label: str
    key: str = ""
    choices: tuple[str, ...] | None = None
    allows_new: bool = False
    digits: bool = False
    needs_pictures: bool = True
    opens_dialog: bool = False


@dataclass(frozen=True, kw_only=True)
class GridEvent:
    """An action the user took: the pictures, and the choice ("" for none)."""

    action: str
    ids: tuple[str, ...]
    choice: str = ""


def picture_grid(
    tiles: Sequence[GridTile],
    *,
    key: str,
    label: str,
    actions: Sequence[GridAction] = (),
    tile_pixels: int = 110,
    preselected: bool = False,
    whole_captions: bool = False,
) -> GridEvent | None:
    """Draw or update the grid under ``key`` and return the next event.

    An event is returned once. The caller acts on it before drawing anything else,
    then calls ``st.rerun``; later events follow in the next runs. The selection lasts as
    long as ``key``, also for pictures that are not among ``tiles`` now, so it can span
    several pages. Without actions nothing can be selected, and a click enlarges.

    Args:
        label: description of the pictures for screen readers.
        tile_pixels: the least width of a tile; as many columns as fit.
        preselected: pictures come selected and go unselected, for a group that
            is labelled at once; the keys then work without a click first.
        whole_captions: captions break into lines instead of being cut off after one.
    """
    answered = state.handled_serial(key)
    result = _mount(
        key=key,
        data={
            "key": key,
            "label": label,
            "tiles": [_without_defaults(tile) for tile in tiles],
            "actions": [asdict(action) for action in actions],
            "tile_pixels": tile_pixels,
            "preselected": preselected,
            "whole_captions": whole_captions,
            "texts": _texts(),
            "session": state.session_name(),
            "answered": answered,
        },
    )
    event, serial = next_event(result.get("events"), state.session_name(), answered, actions)
    if serial > answered:
        state.mark_handled(key, serial)
    return event


def next_event(
    sent: object, session: str, answered: int, actions: Iterable[GridAction]
) -> tuple[GridEvent | None, int]:
    """Return the next event the browser sent, and the serial number of its last message.

    The same action with the same choice, taken several times in a row, is one event.
    Messages of another session, and those for no known action, are ignored.

    Args:
        answered: serial number up to which events have been handled.
    """
    known = {action.id: action for action in actions}
    waiting = [message for message in _messages(sent) if message["session"] == session]
    event: GridEvent | None = None
    for message in sorted(waiting, key=lambda message: int(message["serial"])):
        if message["serial"] <= answered:
            continue
        candidate = _event_of(message, known)
        if event is None:
            event = candidate
        elif candidate is not None:
            if (candidate.action, candidate.choice) != (event.action, event.choice):
                break
            event = GridEvent(
                action=event.action, choice=event.choice, ids=tuple(dict.fromkeys(event.ids + candidate.ids))
            )
        answered = message["serial"]
    return event, answered


def _messages(sent: object) -> list[JsonObject]:
    """Select the well-formed messages among those the browser sent."""
    form = {"serial": int, "session": str, "action": str, "ids": list, "choice": str}
    return [
        message
        for message in (sent if isinstance(sent, list) else [])
        if isinstance(message, dict)
        and all(isinstance(message.get(name), kind) for name, kind in form.items())
        and all(isinstance(name, str) for name in message["ids"])
    ]


def _event_of(message: JsonObject, known: dict[str, GridAction]) -> GridEvent | None:
    action, choice = known.get(message["action"]), message["choice"]
    if action is None or bool(message["ids"]) != action.needs_pictures:
        return None
    if action.allows_new:
        is_possible = 0 < len(choice.strip()) <= _MAX_CHOICE_LENGTH
    else:
        is_possible = choice in (action.choices if action.choices is not None else ("",))
    return GridEvent(action=action.id, ids=tuple(message["ids"]), choice=choice) if is_possible else None


def _without_defaults(tile: GridTile) -> JsonObject:
    """Drop default values of a tile: a page holds up to 200 tiles."""
    return {
        field.name: value for field in fields(tile) if (value := getattr(tile, field.name)) != field.default
    }


def _texts() -> dict[str, str]:
    return {
        "hint": _("Click to select. Arrow keys move, Space selects, Enter enlarges."),
        "touch_hint": _("Tap to select."),
        "selected": _("{n} selected"),
        "elsewhere": _("{n} selected, {m} of them not shown here"),
        "select_all": _("Select all"),
        "select": _("Select"),
        "space": _("Space"),
        "clear": _("Clear"),
        "actions": _("What to do with the pictures"),
        "enlarge": _("Enlarge"),
        "position": _("{n} of {count}"),
        "previous": _("Previous"),
        "next": _("Next"),
        "close": _("Close"),
        "broken": _("This picture cannot be shown"),
        "empty": _("There are no pictures here."),
        "find": _("Type to find"),
        "more": _("{n} more. Type to find them."),
        "nothing": _("Nothing is called that"),
        "type_new": _("Type a name"),
        "add": _("New: “{name}”"),
    }
