"""Queue of runs: active ones, and those waiting for the device."""

from __future__ import annotations

import streamlit as st

from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.runs.start import active_jobs, stop
from core.workspace import Project
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
    if not runs or (shown is not None and [job.name for job in runs] == [shown.name]):
        return
    with st.container(border=True, key="queue", gap="xsmall"):
        st.markdown(_("**In the queue**: one trains at a time, in this order."))
        for position, job in enumerate(runs, start=1):
            _row(position, job, is_shown=shown is not None and job.name == shown.name)


def _row(position: int, job: JobDirectory, *, is_shown: bool) -> None:
    run_state = job.status().state
    status = _("waits") if run_state is JobState.QUEUED else _("now")
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
