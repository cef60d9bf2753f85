"""Camera component: a click takes one picture, holding the button takes several.

Takes pictures in the browser and sends them to Python; the page decides what
to do with them. The browser asks for the camera only after the user turns it on.
"""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.delivery.formats.web.texts import CAMERA_TEXTS
from core.records import JsonObject
from pages.ui import state
from pages.ui.components.asset_files import assets
from pages.ui.text import _, ngettext

SIDE = 640  # pixels of the longer side: more than the input of any backbone
LIMIT = 100  # pictures at once: some 8 MB in one message of the page
_MAX_BYTES = 2_000_000  # of one picture; those of this size have about 60 kB

_mount = st.components.v2.component(
    "darkroom_camera",
    html='\n<div class="dr-camera"></div>\n',
    css=assets("camera.css"),
    js=assets("elements.js", "camera_stream.js", "camera.js"),
)


@dataclass(frozen=True, kw_only=True)
class CameraPicture:
    """One picture: a JPEG file of at most 640 pixels a side, not mirrored.

    Pictures of one ``burst``, taken while the shutter was held, look almost the same and
    should stay on one side of a split.
    """

    name: str
    data: bytes
    burst: int


@dataclass(frozen=True, kw_only=True)
class CameraCatch:
    """Pictures that the user chose to add. They stay in the browser until ``accept``."""

    pictures: tuple[CameraPicture, ...]
    key: str
    serial: int


def camera(*, key: str, class_name: str) -> CameraCatch | None:
    """Draw the camera and return new pictures for ``class_name``, in the run in which the user adds them.

    The caller stores them before drawing anything else, calls ``accept`` on success,
    and always calls ``st.rerun``: pictures that were not accepted can be added again.
    """
    answered, seen = state.handled_serial(key), state.handled_serial(_seen(key))
    result = _mount(
        key=key,
        data={
            "key": key,
            "side": SIDE,
            "limit": LIMIT,
            "texts": _texts(class_name),
            "session": state.session_name(),
            "answered": answered,
            "seen": seen,
        },
        on_pictures_change=lambda: None,  # so that ``result.pictures`` always exists
    )
    catch = read_catch(result.pictures, key=key, session=state.session_name(), answered=answered)
    if catch is not None:
        state.mark_handled(_seen(key), catch.serial)
    return catch


def accept(catch: CameraCatch) -> None:
    """Acknowledge stored pictures: the browser drops them."""
    state.mark_handled(catch.key, catch.serial)


def read_catch(sent: Any, *, key: str, session: str, answered: int) -> CameraCatch | None:
    """Read a message of the browser; None if it is empty, malformed or already accepted."""
    if not isinstance(sent, dict) or sent.get("session") != session:
        return None
    serial, listed = sent.get("serial"), sent.get("pictures")
    if not isinstance(serial, int) or serial <= answered or not isinstance(listed, list):
        return None
    taken = time.strftime("%Y%m%d-%H%M%S")
    pictures = []
    for number, entry in enumerate(listed[:LIMIT], start=1):
        data, burst = _jpeg_of(entry), entry.get("burst") if isinstance(entry, dict) else None
        if data and isinstance(burst, int):
            name = f"camera-{taken}-{number:03d}.jpg"
            pictures.append(CameraPicture(name=name, data=data, burst=burst))
    return CameraCatch(pictures=tuple(pictures), key=key, serial=serial) if pictures else None


def _jpeg_of(entry: Any) -> bytes:
    """Decode one picture from Base64; empty if it is not Base64 or too long."""
    text = entry.get("jpeg") if isinstance(entry, dict) else None
    if not isinstance(text, str) or len(text) > _MAX_BYTES * 4 / 3:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _seen(key: str) -> str:
    """Return the session key of the last message that arrived, accepted or not."""
    return f"{key}-seen"


def _texts(class_name: str) -> JsonObject:
    added = ("Add {n} picture to “{name}”", "Add {n} pictures to “{name}”")
    return {
        **{key: _(text) for key, text in CAMERA_TEXTS.items()},
        "about": _("Take pictures for one class after the other. They stay in this project."),
        "start": _("Turn on the camera"),
        "retry": _("Try again"),
        "camera": _("Camera"),
        "camera_number": _("Camera {n}"),
        "shutter": _("Take a picture; hold to take several"),
        "hint": _(
            "Click for one picture, hold for several. Pictures that are all alike teach little: move a bit in between."
        ),
        "pictures": _("Pictures taken"),
        "taken": [ngettext("{n} picture taken", "{n} pictures taken", n) for n in (1, 2)],
        "drop": _("Drop picture {n}"),
        "drop_all": _("Drop all"),
        "add": [ngettext(*added, n).replace("{name}", f"\u2068{class_name}\u2069") for n in (1, 2)],
        "adding": _("Adding the pictures …"),
        "full": _("{n} pictures are the most that can be added at once. Add them, then go on."),
        "silent": _("The page has not answered. Try to add the pictures again."),
        "insecure": _(
            "Browsers lend the camera only to pages on the same computer, or with https. "
            "Open Darkroom on the computer that runs it, as http://localhost, or put it behind https."
        ),
    }
