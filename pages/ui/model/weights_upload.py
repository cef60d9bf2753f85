"""Import of weights: files that the user brings, and downloads that have ended."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from core.errors import DarkroomError
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.supplied_weights import import_weights_file
from core.workspace import Project
from pages.ui import state
from pages.ui.jobs import show_error
from pages.ui.settings import choose_backbone
from pages.ui.text import _, escape, show

_KINDS = ["h5", "keras", "pth", "safetensors"]


def bring_weights_file(project: Project) -> None:
    """Draw the uploader for official weight files, for computers without a network."""
    imported = state.imported_weights()
    problem = state.take_error()
    with st.expander(
        _("Bring a weights file"),
        icon=":material/upload_file:",
        expanded=problem is not None or imported is not None,
        key="bring-weights",
    ):
        st.markdown(
            _(
                "For computers without a network: give Darkroom the official file, unchanged. It is recognised by its content, under any file name."
            )
        )
        if problem is not None:
            st.error(show(problem), icon=":material/error:")
        if imported is not None:
            _say_imported(project, imported)
        brought = st.file_uploader(
            _("Weights file"), type=_KINDS, key=f"weights-file-{state.counter('weights-file')}"
        )
        st.caption(
            _(
                "Up to {limit} MB here. For larger or many files, use the command {command}; it also accepts files with an unknown checksum."
            ).format(
                limit=st.get_option("server.maxUploadSize"), command="`python -m core weights import FILE`"
            )
        )
    if brought is not None:
        _take_in(brought.name, brought.getbuffer())


def _take_in(name: str, content: memoryview) -> None:
    """Import the uploaded file and rerun the page with the result."""
    state.count_up("weights-file")  # the uploader lets go of the file
    with st.spinner(_("Checking the file")), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights"
        path.write_bytes(content)
        try:
            state.remember_imported_weights(import_weights_file(path, name, prove=False).key)
        except DarkroomError as error:
            state.remember_error(error.message)
    st.rerun()


def _say_imported(project: Project, key: str) -> None:
    name = get_backbone(key).name
    st.success(_("{name} is ready to use now.").format(name=escape(name)), icon=":material/check_circle:")
    if st.button(_("Use {name}").format(name=escape(name)), key="use-imported"):
        state.remember_imported_weights(None)
        choose_backbone(project, key)
        st.rerun()


def download_ended(project: Project, job: JobDirectory) -> None:
    """Handle the end of a download or measurement: continue, or explain the failure and offer alternatives."""
    status = job.status()
    if status.state is JobState.FINISHED:
        if job.kind is JobKind.DOWNLOAD:
            choose_backbone(project, job.config()["backbone"])
        state.follow_job(None)
        st.rerun()
    show_error(status)
    if status.state is JobState.FAILED and job.kind is JobKind.DOWNLOAD:
        with st.container(horizontal=True):
            for key, label in (
                (DEFAULT_BACKBONE, _("Use EfficientNet-Lite0")),
                ("small_cnn", _("Train from scratch")),
            ):
                if st.button(label, key=f"instead-{key}"):
                    state.follow_job(None)
                    choose_backbone(project, key)
                    st.rerun()
