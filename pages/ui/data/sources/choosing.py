"""Choosing an import source, for new projects and additions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile as UploadedBytes

from core.data.sources.members import DATA_SUFFIXES
from core.data.sources.server_folders import (
    FOLDERS_VARIABLE,
    FolderContent,
    allowed_roots,
    checked_folder,
    list_folders,
)
from core.errors import DarkroomError
from core.messages import N_
from core.runs.start_imports import UploadedFile, start_import
from core.uploads.store import remove_upload_at
from pages.ui import state
from pages.ui.components.upload import upload
from pages.ui.data.sources.reading import TURN, Reading
from pages.ui.text import _, escape, file_size, ngettext, number, show

# Teachable Machine's project is a zip.
_ARCHIVE_TYPES = ["zip", "tar", "tgz", "gz", "tbz", "tbz2", "bz2", "txz", "xz", "tm"]
# Files that hold pictures themselves, and files of labels beside an archive.
_DATA_TYPES = [suffix.lstrip(".") for suffix in DATA_SUFFIXES]
_LABEL_TYPES = ["csv", "tsv", "xlsx", "xlsm", "json", "jsonl", "ndjson", "manifest", "txt", "labels"]
_FILE_TYPES = [*_ARCHIVE_TYPES, *_DATA_TYPES, *_LABEL_TYPES]
_NAMED_FOLDERS = 6  # of a folder's classes, as an example of what was found


class Kind(StrEnum):
    """Kind of import source."""

    ARCHIVE = "archive"
    SENT = "sent"
    FOLDER = "folder"
    FILES = "files"
    CAMERA = "camera"
    EMPTY = "empty"
    SAVED = "saved"


_TITLES = {
    Kind.ARCHIVE: N_("Zip file"),
    Kind.SENT: N_("Folder"),
    Kind.FOLDER: N_("Server folder"),
    Kind.FILES: N_("Single pictures"),
    Kind.CAMERA: N_("Camera"),
    Kind.EMPTY: N_("Camera or files"),
    Kind.SAVED: N_("Saved project"),
}
_ICONS = {
    Kind.ARCHIVE: ":material/folder_zip:",
    Kind.SENT: ":material/drive_folder_upload:",
    Kind.FOLDER: ":material/dns:",
    Kind.FILES: ":material/add_photo_alternate:",
    Kind.CAMERA: ":material/photo_camera:",
    Kind.EMPTY: ":material/photo_camera:",
    Kind.SAVED: ":material/archive:",
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """The chosen source: bytes held by Streamlit, or a file or folder on disk."""

    name: str
    upload: UploadedFile | None = None
    # Files that were chosen with it, such as its labels.
    beside: tuple[UploadedFile, ...] = ()
    path: Path | None = None
    refer: bool = False  # leave the pictures where they are


def choose_kind(kinds: list[Kind], key: str) -> Kind:
    """Draw the choice of source kinds and return the chosen one."""
    words = {kind: f"{_ICONS[kind]} {_(_TITLES[kind])}" for kind in kinds}
    chosen = st.pills(
        _("Source of the pictures"),
        kinds,
        default=kinds[0],
        required=True,
        format_func=words.__getitem__,
        label_visibility="collapsed",
        key=key,
        persist_state="session",
    )
    return Kind(chosen)


def choose_source(kind: Kind, key: str) -> Source | None:
    """Draw the chooser of a source kind; None until something is chosen."""
    choosers = {
        Kind.ARCHIVE: _archive,
        Kind.SENT: _own_folder,
        Kind.FOLDER: _server_folder,
        Kind.SAVED: _saved_project,
    }
    return choosers[kind](key)


def start(name: str, source: Source, reading: Reading, *, add: bool = False) -> None:
    """Start the import of a source as a project or into one."""
    follow_import(
        name,
        source=source.path,
        upload=source.upload,
        beside=source.beside,
        table=reading.table,
        config=replace(reading.config, refer=source.refer),
        add=add,
    )


def follow_import(name: str, **what: Any) -> None:
    """Start an import and follow it, or show the error; the browser's upload is released."""
    try:
        job = start_import(name, **what)
    except DarkroomError as error:
        st.error(show(error.message))
        return
    state.count_up(TURN)
    state.follow_job(job)
    st.rerun()


def suggested_name(source: Source | None) -> str:
    """Suggest a project name from a file name: "leaves" for ``leaves.tar.gz``."""
    if source is None:
        return ""
    plain = PurePath(source.name)
    if plain.suffix.lower().lstrip(".") not in _FILE_TYPES:
        return plain.name
    return PurePath(plain.stem).stem if PurePath(plain.stem).suffix.lower() == ".tar" else plain.stem


def _archive(key: str) -> Source | None:
    st.markdown(
        _(
            "A zip or tar file with **one folder for each class**. The folder's name becomes the class: `cats/1.jpg`, `dogs/1.jpg`."
        )
    )
    st.caption(_understood())
    st.caption(_("A file of labels can be chosen together with it."))
    turn, above = state.counter(TURN), st.container()
    limit = int(st.get_option("server.maxUploadSize")) / 1024
    is_large = st.toggle(
        _("Larger than {n} GB, or a slow connection").format(n=number(limit)),
        help=_("It is sent in pieces and continues where it stopped if the connection drops."),
        key=f"{key}-large",
        persist_state="session",
    )
    with above:
        if is_large:
            endings = [f".{ending}" for ending in _FILE_TYPES]
            return _sent(
                f"{key}-file-{turn}", label=_("Drop the file here"), extensions=endings, multiple=True
            )
        files = st.file_uploader(
            _("Zip or tar file"),
            type=_FILE_TYPES,
            accept_multiple_files=True,
            key=f"{key}-{turn}",
            label_visibility="collapsed",
        )
    return _together(files)


def _together(files: Sequence[UploadedBytes]) -> Source | None:
    """Make one source of an archive and the files of labels beside it."""
    if not files:
        return None
    first, *others = sorted(
        files, key=lambda file: PurePath(file.name).suffix.lower().lstrip(".") in _LABEL_TYPES
    )
    return Source(
        name=first.name,
        upload=(first.name, first.read),
        beside=tuple((file.name, file.read) for file in others),
    )


def _understood() -> str:
    return _(
        "Also understood: exports of labelling tools (COCO, Label Studio, CVAT, Roboflow …), a table of labels, Hugging Face and Parquet, NumPy, WebDataset."
    )


def _own_folder(key: str) -> Source | None:
    st.markdown(
        _(
            "A folder on your computer with **one folder for each class** in it. The inner folders' names become the classes."
        )
    )
    st.caption(_understood())
    return _sent(
        f"{key}-folder-{state.counter(TURN)}", label=_("Drop the folder here"), folder=True, multiple=True
    )


def _saved_project(key: str) -> Source | None:
    st.markdown(
        _(
            "A project that Darkroom saved as one file, on this computer or another: its pictures, runs and classifiers."
        )
    )
    return _sent(
        f"{key}-saved-{state.counter(TURN)}",
        label=_("Drop the file here"),
        extensions=[".zip"],
        multiple=False,
    )


def _sent(key: str, **what: Any) -> Source | None:
    """Source uploaded to disk; it stays chosen until it is used or released."""
    arrived = state.upload_state(key).get("arrived")
    if arrived is None:
        uploaded = upload(key=key, **what)
        if uploaded is None:
            return None
        record = {"path": str(uploaded.path), "name": uploaded.name}
        state.update_upload_state(
            key, arrived={**record, "files": uploaded.files, "size_bytes": uploaded.bytes}
        )
        st.rerun()
    files = ngettext("{n} file", "{n} files", arrived["files"]).format(n=number(arrived["files"]))
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-arrived"):
        name = escape(arrived["name"] or _("Several files"))
        st.markdown(
            f":material/check_circle: **{name}** · {files} · {file_size(arrived['size_bytes'])}",
            width="content",
        )
        if st.button(_("Choose another"), type="tertiary", key=f"{key}-another"):
            remove_upload_at(Path(arrived["path"]))
            state.count_up(TURN)
            st.rerun()
    return Source(name=arrived["name"], path=Path(arrived["path"]))


def _server_folder(key: str) -> Source | None:
    """Browse the folders that the operator allows."""
    try:
        roots = allowed_roots()
        if not roots:
            _how_to_allow()
            return None
        st.markdown(
            _(
                "A folder on the computer that Darkroom runs on, with **one folder in it for each class**. Nothing is uploaded."
            )
        )
        st.caption(_understood())
        return _browse_folders(roots, key)
    except DarkroomError as error:
        st.error(show(error.message))
        return None


def _how_to_allow() -> None:
    st.markdown(
        _(
            "Pictures already on the computer that runs Darkroom need no upload. Its operator allows folders by starting Darkroom like this:"
        )
    )
    st.code(f"{FOLDERS_VARIABLE}=/path/to/pictures streamlit run app.py", language="bash")


def _browse_folders(roots: tuple[Path, ...], key: str) -> Source | None:
    """Draw a folder path, its subfolders and a preview of its pictures."""
    turn = state.counter(key)
    typed = st.text_input(_("Folder"), state.browsed_folder(key) or str(roots[0]), key=f"{key}-path-{turn}")
    folder = checked_folder(typed)
    content = list_folders(folder)
    above = [] if folder in roots else [folder.parent]
    others = [root for root in roots if root != folder and root not in above]
    chosen = st.selectbox(
        _("Go to"),
        [*content.folders, *above, *others],
        index=None,
        format_func=lambda path: path.name if path in content.folders else f"↑ {path}",
        placeholder=_("Another folder"),
        key=f"{key}-go-{turn}-{folder}",
    )
    if chosen is not None:
        state.browse_folder(key, str(chosen))
        state.count_up(key)
        st.rerun()
    st.caption(_what_it_brings(content))
    words = {False: _("are copied into the project"), True: _("stay where they are")}
    stay = st.radio(
        _("The pictures"),
        list(words),
        format_func=words.__getitem__,
        captions=[
            _("Safe, whatever happens to the folder."),
            _(
                "Takes no disk space. The folder must not change: pictures changed or deleted there are lost here."
            ),
        ],
        key=f"{key}-refer",
        persist_state="session",
    )
    return Source(name=folder.name, path=folder, refer=bool(stay))


def _what_it_brings(content: FolderContent) -> str:
    files = ngettext("{n} file", "{n} files", content.files).format(n=number(content.files))
    if not content.folders:
        return _("{files} and no folder.").format(files=files)
    names = ", ".join(escape(path.name) for path in content.folders[:_NAMED_FOLDERS])
    more = ", …" if len(content.folders) > _NAMED_FOLDERS else ""
    folders = ngettext("{n} folder", "{n} folders", len(content.folders)).format(
        n=number(len(content.folders))
    )
    return _("{folders}: {names}.").format(folders=folders, names=names + more)
