"""Saving of a project as one file: the request, its progress, the download."""

from __future__ import annotations

import time

import streamlit as st

from core.archive.records import USUAL_PARTS, Part, SaveRequest, SaveResult
from core.archive.saved import archive_file
from core.http.pages import archive_address
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.messages import N_
from core.runs.start_archives import start_saving
from core.workspace import Project, list_runs
from pages.ui.jobs import follow, newest_job, show_error, try_to
from pages.ui.runs import run_labels
from pages.ui.text import _, escape, file_size, ngettext, number
from pages.ui.urls import own_url

_PARTS = {
    Part.SEARCHES: N_("Searches"),
    Part.MODELS: N_("Models made elsewhere"),
    Part.BATCHES: N_("Classified batches, pictures to label"),
    Part.ANSWERS: N_("Log of answers"),
}


def save_popover(project: Project) -> None:
    """Draw a button behind which the project can be saved as one file."""
    job = newest_job(project, JobKind.SAVE_PROJECT)
    if job is not None and not job.status().state.has_ended:
        return
    popover = st.popover(
        _("Save"), icon=":material/archive:", type="tertiary", on_change="rerun", key=f"save-{project.name}"
    )
    # A workspace may have many runs to name.
    if not popover.open:
        return
    with popover:
        st.markdown(
            _(
                "**Save the project as one file**: every version of its pictures, its runs and classifiers. Darkroom opens it on any computer."
            )
        )
        request = _request(project)
        if st.button(_("Pack the file"), icon=":material/archive:", key=f"pack-{project.name}") and try_to(
            lambda: start_saving(project, request)
        ):
            st.rerun()


def saving_state(project: Project) -> None:
    """Draw the progress of saving, its failure, or the download of the file."""
    job = _offered_job(project)
    if job is None:
        return
    status = job.status()
    if not status.state.has_ended:
        follow(job, key=f"saving-{project.name}")
    elif status.state is JobState.FINISHED and archive_file(job.path).is_file():
        _download(project, job)
    else:
        show_error(status)


def _offered_job(project: Project) -> JobDirectory | None:
    """Return the newest job that saves the project and is at work, or whose file is offered here.

    The command line writes its file to a place of its own, and says itself what became of it.
    """
    jobs = (job for job in list_jobs(project.jobs) if job.kind is JobKind.SAVE_PROJECT)
    return next((job for job in jobs if not job.status().state.has_ended or _is_offered(job)), None)


def _is_offered(job: JobDirectory) -> bool:
    return SaveRequest.from_json(job.config()).output is None


def _request(project: Project) -> SaveRequest:
    runs = {run.name: run for run in list_runs(project)}
    with st.expander(_("Advanced"), key=f"save-advanced-{project.name}"):
        chosen = st.multiselect(
            _("Runs"),
            list(runs),
            default=list(runs),
            format_func=run_labels(runs).__getitem__,
            key=f"save-runs-{project.name}",
        )
        parts = st.pills(
            _("Also in the file"),
            list(_PARTS),
            default=list(USUAL_PARTS),
            selection_mode="multi",
            format_func=lambda part: _(_PARTS[part]),
            key=f"save-parts-{project.name}",
        )
    is_everything = len(chosen) == len(runs)
    return SaveRequest(runs=None if is_everything else tuple(chosen), parts=tuple(map(Part, parts)))


def _download(project: Project, job: JobDirectory) -> None:
    result = SaveResult.from_json(job.result() or {})
    with st.container(horizontal=True, vertical_alignment="center", key=f"saved-{project.name}"):
        st.link_button(
            _("Download {size}").format(size=escape(file_size(result.size_bytes))),
            own_url(archive_address(job)),
            icon=":material/download:",
            key=f"download-{project.name}",
        )
        st.caption(_content(job, result))


def _content(job: JobDirectory, result: SaveResult) -> str:
    """Describe a saved project in one line."""
    runs = len(result.runs)
    parts = [time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))]
    parts.append(ngettext("{n} run", "{n} runs", runs).format(n=number(runs)))
    if result.reproduces is not None:
        parts.append(_("`reproduce.py` in it trains a classifier again without Darkroom"))
    if missing := result.missing_pictures:
        text = ngettext(
            "{n} picture that was only referred to is no longer in its folder, or cannot be read",
            "{n} pictures that were only referred to are no longer in their folders, or cannot be read",
            missing,
        )
        parts.append(text.format(n=number(missing)))
    return " · ".join(parts)
