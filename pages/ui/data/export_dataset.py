"""Dataset export: the cleaned pictures as a zip."""

from __future__ import annotations

import streamlit as st

from core.data.dataset import Dataset
from core.data.exports.export import exported_dataset_path
from core.data.exports.table import DATASET_FORMATS
from core.http.pages import dataset_address
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.runs.start_project_jobs import start_dataset_export
from core.workspace import Project
from pages.ui.jobs import follow, show_error
from pages.ui.text import _, escape, file_size
from pages.ui.urls import own_url


def export_panel(project: Project, dataset: Dataset) -> None:
    """Draw the export button, its progress and the download."""
    if dataset.pictures.empty:
        return
    with st.container(border=True, key="export-dataset"):
        job = _packing(project, dataset)
        if job is not None and not job.status().state.has_ended:
            st.markdown(_("**Packing the pictures**"))
            follow(job, lambda job: None, key="export-dataset-progress")
            return
        words, choice, button = st.columns([4, 3, 2], vertical_alignment="center")
        words.markdown(
            _(
                "**Take the cleaned pictures with you** as a zip. Where and with which camera they were taken is left out."
            )
        )
        with choice:
            chosen = st.selectbox(
                _("Format"),
                list(DATASET_FORMATS),
                format_func=lambda name: _(DATASET_FORMATS[name].label),
                key="dataset-format",
            )
        words.caption(_(DATASET_FORMATS[chosen].caption))
        with button.container(horizontal_alignment="right"):
            _button(project, dataset, chosen)
        if job is not None:
            show_error(job.status())


def _button(project: Project, dataset: Dataset, format: str) -> None:
    file = exported_dataset_path(project, dataset.version, format)
    if file.is_file():
        st.link_button(
            _("Download {size}").format(size=escape(file_size(file.stat().st_size))),
            own_url(dataset_address(project.name, dataset.version, format)),
            icon=":material/download:",
            key="download-dataset",
        )
    elif st.button(_("Pack a zip"), icon=":material/folder_zip:", key="pack-dataset"):
        start_dataset_export(project, format)
        st.rerun()


def _packing(project: Project, dataset: Dataset) -> JobDirectory | None:
    """Newest export job of this version."""
    jobs = (job for job in list_jobs(project.jobs) if job.kind is JobKind.EXPORT_DATASET)
    return next((job for job in jobs if job.config()["version"] == dataset.version), None)
