"""Live camera component: the browser classifies the camera's picture several times a second.

It runs the network of the web export itself, so it also works over a slow connection. Python gets
a picture only when the user freezes one.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import streamlit as st

from core.delivery.export import require_offered
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.formats.web.files import reads_browser_pictures
from core.delivery.formats.web.scripts import CLASSIFIER, LIVE
from core.delivery.formats.web.texts import ANSWER_TEXTS, CAMERA_TEXTS
from core.errors import DarkroomError
from core.http.pages import web_files_path
from core.records import JsonObject
from pages.ui.components.asset_files import assets
from pages.ui.text import _, show
from pages.ui.urls import own_url

# Base64 digits of a frame; one of 640 × 480 pixels has about 80,000.
_MAX_LENGTH = 4_000_000

_mount = st.components.v2.component(
    "darkroom_live_camera",
    html='\n<div class="dr-live-camera"></div>\n',
    css=assets("camera.css", "answer.css", "live_camera.css"),
    js=assets("elements.js", *CLASSIFIER, *LIVE, "live_camera.js"),
)


def live_camera(run: Path, *, key: str = "live-camera") -> bytes | None:
    """Draw the live camera of a delivered run.

    Returns:
        the frame that the user froze, a JPEG, until they go on; None while nothing is frozen.
    """
    if not reads_browser_pictures(run):
        st.info(
            _(
                "The live camera cannot be used: this classifier learnt from pictures that browsers cannot read."
            )
        )
        return None
    try:
        require_offered(run, TFLITE)
    except DarkroomError as error:
        st.error(show(error.message))
        return None
    result = _mount(
        key=key,
        data={"address": own_url(web_files_path(run)), "texts": _texts()},
        default={"frame": None},
        on_frame_change=lambda: None,  # so that ``result.frame`` always exists
    )
    return read_frame(result.frame)


def read_frame(sent: object) -> bytes | None:
    """Decode a frozen frame from Base64; None if there is none, or it is malformed or too long."""
    if not isinstance(sent, str) or len(sent) > _MAX_LENGTH:
        return None
    try:
        return base64.b64decode(sent, validate=True) or None
    except binascii.Error:
        return None


def _texts() -> JsonObject:
    shared = {key: _(text) for key, text in {**ANSWER_TEXTS, **CAMERA_TEXTS}.items()}
    return shared | {
        "about": _(
            "Hold something in front of the camera and watch the answer. No picture leaves the browser."
        ),
        "start": _("Turn on the camera"),
        "loading": _("Loading the classifier into the browser …"),
        "freeze": _("Freeze this picture"),
        "resume": _("Go on"),
        "advanced": _("Advanced"),
        "smoothing": _("Average over the last"),
        "insecure": _(
            "Browsers lend the camera only to pages on the same computer, or with https. "
            "Open Darkroom on the computer that runs it, as http://localhost, or put it behind https."
        ),
    }
