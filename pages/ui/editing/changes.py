"""Applying, reporting and undoing changes of the dataset."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.data.dataset import Dataset
from core.data.history import version_info
from core.data.version_record import version_numbers
from core.errors import DarkroomError
from core.runs.start_project_jobs import restore_and_redraw
from core.workspace import Project
from pages.ui import state
from pages.ui.text import _, show


def apply_change(project: Project, change: Callable[[], Dataset]) -> None:
    """Apply a change and redraw the page, which shows an error if the change failed."""
    before = max(version_numbers(project.dataset), default=0)
    try:
        dataset = change()
    except DarkroomError as error:
        state.remember_error(error.message)
    else:
        if dataset.version > before:
            state.remember_change(project.name, dataset.version)
    st.rerun()


def undo_last(project: Project, dataset: Dataset) -> Dataset:
    """Restore the previous version."""
    return restore_and_redraw(project, dataset.version - 1)


def last_change(project: Project, dataset: Dataset) -> None:
    """Report this session's last change with an undo button, or the error."""
    problem = state.take_error()
    if problem is not None:
        st.error(show(problem))
    if state.changed_version(project.name) != dataset.version:
        return
    newest = version_info(project, dataset.version)
    with st.container(horizontal=True, vertical_alignment="center", key="last-change"):
        st.markdown(f":material/check: {show(newest.edit.message)}", width="content")
        if st.button(_("Undo"), icon=":material/undo:", key="undo", type="tertiary") and dataset.version > 1:
            apply_change(project, lambda: undo_last(project, dataset))
