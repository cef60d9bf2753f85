"""Choosing pictures to classify: dropped, pasted, from the camera, or a folder on the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.data.sources.server_folders import FOLDERS_VARIABLE, allowed_roots, checked_folder
from core.errors import DarkroomError
from core.prediction.batch.sources import is_archive
from core.runs.batches import start_batch
from core.uploads.store import remove_upload_at
from pages.ui import state
from pages.ui.components.live_camera import live_camera
from pages.ui.components.upload import Uploaded, upload
from pages.ui.text import _, escape, ngettext, number, show

# More become a batch.
MOST_AT_ONCE = 12
_MOST_BYTES = 200 << 20  # of all of them: they are read again whenever the page is
_KEY = "new-pictures"
_CAMERA_FILE = "camera.jpg"


@dataclass(frozen=True, kw_only=True)
class NewPicture:
    """A picture file that was chosen."""

    name: str
    data: bytes


def choose_pictures(run: Path) -> list[NewPicture]:
    """Draw the drop zone and the camera; returns the pictures to answer at once.

    More than ``MOST_AT_ONCE``, and archives, start a batch, which the page then shows.
    """
    arrived = upload(
        key=f"{_KEY}-{turn()}",
        label=_("Drop pictures, a folder or a zip file here"),
        hint=_("A copied picture can be pasted with Ctrl+V."),
        multiple=True,
        folder=True,
        paste=True,
    )
    if arrived is not None:
        _take(run, arrived)
    return [*_from_camera(run), *_sent_pictures()]


def turn() -> int:
    """Return how often pictures were sent: as part of a widget's key it resets the widget for new ones."""
    return state.counter(_KEY)


def choose_server_folder(run: Path) -> None:
    """Draw the path of a folder on the computer that runs Darkroom, if its operator allows any."""
    with st.expander(_("Advanced"), icon=":material/tune:"):
        try:
            roots = allowed_roots()
            if not roots:
                _how_to_allow()
                return
            typed = st.text_input(
                _("Folder on the computer that runs Darkroom"),
                placeholder=str(roots[0]),
                help=_("Its pictures stay where they are, and are not uploaded."),
                key="predict-folder",
            )
            if st.button(_("Classify its pictures"), disabled=not typed.strip(), key="predict-folder-start"):
                _start(run, checked_folder(typed))
        except DarkroomError as error:
            st.error(show(error.message))


def _how_to_allow() -> None:
    st.markdown(
        _(
            "Pictures already on the computer that runs Darkroom need no upload. Its operator allows folders by starting Darkroom like this:"
        )
    )
    st.code(f"{FOLDERS_VARIABLE}=/path/to/pictures streamlit run app.py", language="bash")


def _take(run: Path, arrived: Uploaded) -> None:
    """Show a few pictures, or start a batch of many; the zone is ready for the next."""
    forget_pictures()
    state.count_up(_KEY)
    files = _files_of(arrived.path)
    is_few = len(files) <= MOST_AT_ONCE and arrived.bytes <= _MOST_BYTES
    if not is_few or any(is_archive(file) for file in files):
        _start(run, arrived.path)
        return
    state.update_upload_state(_KEY, path=str(arrived.path))
    state.choose_batch(None)
    st.rerun()


def _start(run: Path, source: Path) -> None:
    try:
        batch = start_batch(run, [source])
    except DarkroomError as error:
        st.error(show(error.message))
        return
    forget_pictures()
    state.choose_batch(batch.name)
    st.rerun()


def forget_pictures() -> None:
    """Remove the pictures that were sent last."""
    if path := state.upload_state(_KEY).get("path"):
        remove_upload_at(Path(path))
        state.update_upload_state(_KEY, path="")


def _sent_pictures() -> list[NewPicture]:
    path = state.upload_state(_KEY).get("path")
    files = _files_of(Path(path)) if path else []
    if not files:
        return []
    with st.container(horizontal=True, vertical_alignment="center", key="sent-pictures"):
        count = ngettext("{n} picture", "{n} pictures", len(files)).format(n=number(len(files)))
        name = files[0].name if len(files) == 1 else count
        st.markdown(f":material/check_circle: {escape(name)}", width="content")
        st.button(_("Clear"), type="tertiary", key="clear-pictures", on_click=forget_pictures)
    return [NewPicture(name=file.name, data=file.read_bytes()) for file in files]


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file())


def _from_camera(run: Path) -> list[NewPicture]:
    """Draw the camera: the browser answers live, and a frozen picture is answered as a file is."""
    if not st.toggle(_("Use the camera"), key="use-camera"):
        return []
    words = {"live": _("Live"), "single": _("Single picture")}
    way = st.segmented_control(
        _("Camera"),
        list(words),
        default="live",
        required=True,
        format_func=words.__getitem__,
        label_visibility="collapsed",
        key="camera-way",
    )
    if way == "live":
        frame = live_camera(run)
        return [NewPicture(name=_CAMERA_FILE, data=frame)] if frame else []
    photo = st.camera_input(_("Take a picture"), key="camera")
    return [NewPicture(name=_CAMERA_FILE, data=photo.getvalue())] if photo is not None else []
