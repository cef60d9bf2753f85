"""Queue of runs: active ones, those waiting for the device, and jobs of others that hold it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.queue import rivals_of
from core.jobs.status import JobState
from core.runs.control import stop
from core.runs.job_lookup import active_jobs, find_job
from core.workspace import Project, jobs_folder, project_of
from pages.ui import state
from pages.ui.runs import title_of
from pages.ui.text import _, escape


def active_runs(project: Project) -> list[JobDirectory]:
    """Return the project's active and waiting runs, in queue order."""
    runs = [job for job in active_jobs(project) if job.kind is JobKind.TRAIN]
    return sorted(runs, key=lambda job: job.created)


def queue_list(project: Project, *, shown: JobDirectory | None = None) -> None:
    """Draw the active and waiting runs, unless the only one is on the page already."""
    runs = active_runs(project)
    others = _jobs_before(runs)
    is_shown_alone = shown is not None and [job.name for job in runs] == [shown.name]
    if not runs or (is_shown_alone and not others):
        return
    with st.container(border=True, key="queue", gap="xsmall"):
        st.markdown(_("**In the queue**: one trains at a time, in this order."))
        for other in others:
            st.markdown(f"{_owner_of(other, project)} :gray[· {_standing(other)}]")
        for position, job in enumerate(runs, start=1):
            _row(position, job, is_shown=shown is not None and job.name == shown.name)


def _jobs_before(runs: Sequence[JobDirectory]) -> list[JobDirectory]:
    """Find the jobs that are not in the list and hold a device for which its first run waits, or come first."""
    waiting = next((job for job in runs if job.status().state is JobState.QUEUED), None)
    if waiting is None:
        return []
    own = {job.name for job in runs}
    others = [find_job(name) for name in rivals_of(waiting.name) if name not in own]
    return [
        job
        for job in others
        if job is not None and (job.created < waiting.created or job.status().state is not JobState.QUEUED)
    ]


def _owner_of(job: JobDirectory, project: Project) -> str:
    """Name the project of another job."""
    if job.path.parent == jobs_folder():
        return _("A job without a project")
    owner = project_of(job.path)
    if owner == project:
        return _("Another job of this project")
    return _("Project **{name}**").format(name=escape(owner.name))


def _standing(job: JobDirectory) -> str:
    return _("waits") if job.status().state is JobState.QUEUED else _("now")


def _row(position: int, job: JobDirectory, *, is_shown: bool) -> None:
    run_state, status = job.status().state, _standing(job)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"{position}\\. {escape(title_of(job))} :gray[· {status}]", width="content")
        with st.container(horizontal=True, width="content"):
            if not is_shown and st.button(_("Show"), key=f"show-{job.name}", type="tertiary"):
                state.choose_run(job.name)
                state.open_section("run")
            if run_state is JobState.QUEUED and st.button(
                _("Take out"), key=f"unqueue-{job.name}", type="tertiary", disabled=job.stop_requested()
            ):
                stop(job)
                st.rerun()
