"""The form that turns a zip or a sample into a project, and the progress of doing so."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.layout import DIFFER_IN_CAPITALS
from core.data.samples import DIGITS_NAME
from core.errors import DarkroomError
from core.jobs.directory import JobDirectory, JobState
from core.jobs.start import active_jobs, start_import
from core.workspace import list_projects
from pages.ui import state
from pages.ui.jobs import follow, show_error
from pages.ui.text import _, show


def import_panel() -> None:
    """The running import, or the form to start one."""
    job = _current_import()
    if job is not None and not job.status().state.has_ended:
        follow(job, _ended, key="import-progress")
        return
    if job is not None:
        _ended(job)
    _form()


def _current_import() -> JobDirectory | None:
    """The import this session follows; after a refresh, the one that is still running."""
    job = state.followed_job()
    if job is not None and job.kind == "import":
        return job
    running = [item for item in active_jobs(None) if item.kind == "import"]
    return running[0] if running else None


def _ended(job: JobDirectory) -> None:
    """Go to the finished project, or say why there is none."""
    status = job.status()
    if status.state is JobState.FINISHED:
        state.follow_job(None)
        state.choose_project(str((job.result() or {})["project"]))
        state.count_up("project-picker")
        st.switch_page("data.py")
    if status.state is JobState.INTERRUPTED:
        st.warning(_("The import was interrupted, and nothing of it was kept. Start it again."))
    if status.state is JobState.STOPPED:
        st.info(_("The import was stopped, and nothing of it was kept."))
    show_error(status)
    _offer_merging(job)


def _offer_merging(job: JobDirectory) -> None:
    """Where classes differ only in capitals, offer to import them as one."""
    error, config = job.status().error, job.config()
    if error is None or error.template != DIFFER_IN_CAPITALS or not config["source"]:
        return
    if st.button(_("Import them as one class"), icon=":material/merge:", key="merge"):
        state.follow_job(start_import(config["project"], source=Path(config["source"]), merge_case=True))
        st.rerun()


def _form() -> None:
    own, sample = st.columns([3, 2], gap="large")
    with own, st.container(border=True, key="import-own"):
        st.subheader(_("Your own pictures"), anchor=False)
        st.markdown(
            _(
                "A zip file with **one folder for each class**. The folder's name becomes the class: `cats/1.jpg`, `dogs/1.jpg`."
            )
        )
        upload = st.file_uploader(_("Zip file"), type=["zip"], key=f"upload-{state.counter('upload')}")
        suggestion = Path(upload.name).stem if upload else ""
        name = st.text_input(_("Project name"), placeholder=suggestion or _("Leaves"), key="new-name")
        if st.button(_("Import pictures"), type="primary", disabled=upload is None, key="import") and upload:
            try:
                job = start_import(name or suggestion, upload=(upload.name, upload.read))
            except DarkroomError as error:
                st.error(show(error.message))
            else:
                state.count_up("upload")  # lets go of the bytes that the browser sent
                state.follow_job(job)
                st.rerun()
    with sample, st.container(border=True, key="import-sample"):
        st.subheader(_("Just looking?"), anchor=False)
        st.markdown(
            _(
                "1,797 handwritten digits, already on this computer. From pictures to classifier in two minutes."
            )
        )
        if st.button(_("Try the handwritten digits"), key="sample-digits"):
            state.follow_job(start_import(_free_sample_name(), sample="digits"))
            st.rerun()


def _free_sample_name() -> str:
    """The sample's name, with a number where the project is there already."""
    taken = {project.name.casefold() for project in list_projects()}
    names = [DIGITS_NAME, *(f"{DIGITS_NAME} {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name.casefold() not in taken)
