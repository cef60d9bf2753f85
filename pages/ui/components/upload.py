"""Upload component: files of any size and whole folders, written to the server's disk.

``st.file_uploader`` holds files in the server's memory. Here the browser sends
pieces to the route of ``core.uploads``, resumes after a dropped connection, and
reports to the page when all have arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import DarkroomError
from core.records import JsonObject
from core.uploads.routes import TOKEN_HEADER, uploads_path
from core.uploads.store import Ticket, find_upload, open_upload
from pages.ui import state
from pages.ui.components.asset_files import assets
from pages.ui.text import _, ngettext, show
from pages.ui.urls import own_url

CHUNK_BYTES = 8 << 20  # of a request: little is sent twice after an interruption, and requests are few
CONNECTIONS = 4  # at once, for many files; a browser opens six to one server


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """A complete upload. The caller removes it with ``core.uploads.store.remove_upload_at(path)``."""

    # The file or folder that was sent; their common folder if several were sent.
    path: Path
    # Name of that file or folder; "" if several were sent.
    name: str
    bytes: int
    files: int


_mount = st.components.v2.component(
    "darkroom_upload",
    html=assets("upload.html"),
    css=assets("upload.css"),
    js=assets("elements.js", "upload_files.js", "upload_sending.js", "upload.js"),
)


def upload(
    *,
    key: str,
    label: str,
    hint: str = "",
    extensions: Sequence[str] = (),
    multiple: bool = False,
    folder: bool = False,
    paste: bool = False,
) -> Uploaded | None:
    """Draw a drop zone and return an upload once, in the run after it arrived.

    An upload continues while the user visits other pages. After a reload it resumes
    once the same files are chosen.

    Args:
        extensions: accepted endings of files, such as ``.zip``; none means any. A folder may
            hold files of any kind.
        multiple: accept several files at once.
        folder: accept whole folders.
        paste: accept files that are pasted anywhere on the page.
    """
    arrived = _listen(key)
    _mount(
        key=key,
        data={
            "key": key,
            "accept": [extension.lower() for extension in extensions],
            "multiple": multiple,
            "folder": folder,
            "paste": paste,
            **state.upload_state(key),
            "route": {
                "address": own_url(uploads_path()),
                "tokenHeader": TOKEN_HEADER,
                "chunkBytes": CHUNK_BYTES,
                "connections": CONNECTIONS,
            },
            "texts": _texts(label, hint, extensions, multiple=multiple),
        },
        on_wanted_change=_ignore,
        on_finished_change=_ignore,
    )
    return arrived


def _listen(key: str) -> Uploaded | None:
    """Read a message of the browser, which sends it again until ``data`` confirms it."""
    memory = state.upload_state(key)
    wanted, finished = (state.component_state(key, name) for name in ("wanted", "finished"))
    if isinstance(wanted, Mapping) and wanted["request"] != memory.get("answer", {}).get("request"):
        state.update_upload_state(key, answer=_answer(wanted))
    if isinstance(finished, Mapping) and finished["upload"] != memory.get("received"):
        state.update_upload_state(key, received=str(finished["upload"]))
        return _arrived(finished)
    return None


def _answer(wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return the ticket for the announced files, or the reason for refusing them."""
    request = str(wanted["request"])
    try:
        return {"request": request, **asdict(open_upload(int(wanted["bytes"])))}
    except DarkroomError as error:
        return {"request": request, "error": show(error.message, markdown=False)}


def _arrived(ticket: Mapping[str, Any]) -> Uploaded | None:
    """Find the upload that the browser reports as sent, and check its token."""
    try:
        received = find_upload(Ticket(upload=str(ticket["upload"]), token=str(ticket["token"])))
    except DarkroomError as error:
        st.error(show(error.message))
        return None
    content = received.content
    return Uploaded(
        path=content,
        name=content.name if content.parent == received.folder / "files" else "",
        bytes=received.size_bytes,
        files=len(received.files),
    )


def _ignore() -> None:
    """Register a listener: Streamlit drops values without one."""


def _texts(label: str, hint: str, extensions: Sequence[str], *, multiple: bool) -> JsonObject:
    """Return the component's texts in the user's language."""
    refused = _("The server does not take files from this page: {detail}")
    return {
        "label": label,
        "hint": hint,
        "chooseFile": _("Choose files") if multiple else _("Choose a file"),
        "chooseFolder": _("Choose a folder"),
        "reading": _("Looking through what was dropped …"),
        "nothing": _("There is nothing to upload in it."),
        "noFolder": _("This is a folder. Choose a file instead."),
        "oneOnly": _("Only one file can be uploaded here at a time."),
        "wrongKind": _("“{name}” is of another kind. Possible are: {kinds}").replace(
            "{kinds}", ", ".join(extensions)
        ),
        "fileCount": ngettext("{n} file", "{n} files", 2),
        "files": _("{done} of {total} files"),
        "amount": _("{done} of {total}"),
        "left": _("about {time} left"),
        "seconds": _("{seconds} s"),
        "minutes": _("{minutes} min"),
        "hours": _("{hours} h {minutes} min"),
        "pause": _("Pause"),
        "resume": _("Go on"),
        "cancel": _("Cancel"),
        "again": _("Try again"),
        "now": _("Try now"),
        "waiting": _("The connection dropped. Next try in {time}; what arrived so far is kept."),
        "notices": {
            "asking": _("Looking whether there is room …"),
            "paused": _("Paused. What arrived so far is kept."),
            "done": _("Everything has arrived."),
        },
        "failures": {
            "400": _("The server cannot take this file: {detail}"),
            "401": refused,
            "403": refused,
            "431": _("The server cannot take this file: {detail}"),
            "404": _("This upload is no longer on the server. Cancel it and choose the files again."),
            "413": _(
                "There is more to send than at the start. Cancel the upload and choose the files again."
            ),
            "500": _("The server cannot store the file: {detail}"),
            "507": _(
                "The server's disk is full. What arrived so far is kept: free some space, then try again."
            ),
            "unknown": _("The upload broke off: {detail}"),
            "unreadable": _(
                "“{detail}” cannot be read any more. Was it moved or changed? Choose the files again."
            ),
        },
    }
