"""Runs on pages: their labels, the picker, and the check that a run can be used."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.delivery.files import is_delivered
from core.evaluation.report import ScoreSummary, has_report
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.backbones import get_backbone
from core.models.views import PLAIN, find_view_set
from core.runs.compare import run_about
from core.runs.control import finishing_job
from core.workspace import Project, list_runs, project_of
from pages.ui import state
from pages.ui.jobs import STATE_NAMES, progress_text, show_error
from pages.ui.text import _, escape, ngettext, percent

_REFRESH_SECONDS = 0.7


def run_label(run: Path) -> str:
    """Label a run: its name or start time, its backbone, its accuracy."""
    job = JobDirectory(run)
    if test := job.step_result("test", ScoreSummary):
        return f"{title_of(job)} · {percent(test.accuracy)}"
    state = job.status().state
    # A list is not redrawn when a worker begins, so both states have one name.
    return f"{title_of(job)} · {_(STATE_NAMES[JobState.RUNNING if state is JobState.STARTING else state])}"


def unique_labels(names: Sequence[str]) -> list[str]:
    """Number the names that occur more than once: Streamlit identifies options by their text."""
    return [
        name if names.count(name) == 1 else f"{name} ({names[: index + 1].count(name)})"
        for index, name in enumerate(names)
    ]


def run_labels(runs: Mapping[str, Path]) -> dict[str, str]:
    """Map each run's name to a unique label."""
    return dict(zip(runs, unique_labels([run_label(run) for run in runs.values()]), strict=True))


def title_of(job: JobDirectory) -> str:
    """Return a run's name, or else its start time and backbone."""
    if name := run_about(job).name:
        return name
    if job.kind is JobKind.ENSEMBLE:
        config = job.config()
        views = config.get("views", PLAIN.code)
        return f"{short_title_of(job)} · {made_of(len(config['members']), views)}"
    return f"{short_title_of(job)} · {get_backbone(job.config()['backbone']).name}"


def made_of(members: int, views: str) -> str:
    """Say what a run was made of that was not trained: its runs, the views of a picture, or both.

    Args:
        views: code of the averaged views.
    """
    parts = []
    if members > 1:
        parts.append(ngettext("Ensemble of {n}", "Ensemble of {n}", members).format(n=members))
    if views != PLAIN.code:
        count = len(find_view_set(views).views)
        parts.append(ngettext("{n} view averaged", "{n} views averaged", count).format(n=count))
    return ", ".join(parts)


def short_title_of(job: JobDirectory) -> str:
    """Return a run's name, or else its start time."""
    return run_about(job).name or time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))


def run_picker(project: Project, *, evaluated_only: bool = False) -> Path:
    """Draw the picker of runs if there is more than one; a run that is gone is said."""
    runs = {run.name: run for run in list_runs(project) if has_report(run) or not evaluated_only}
    if absent := state.absent_run(project):
        st.warning(
            _("This project has no run “{name}”: perhaps it was deleted. Another one is shown.").format(
                name=escape(absent[:80])
            )
        )
    current = state.current_run(project)
    name = current.name if current and current.name in runs else next(iter(runs))
    if len(runs) > 1:
        picked = st.selectbox(
            _("Run"),
            list(runs),
            index=list(runs).index(name),
            format_func=run_labels(runs).__getitem__,
            key=f"run-picker-{name}",
        )
        if picked != name:
            state.choose_run(picked)
            st.rerun()
    return runs[name]


def has_tested_run(project: Project) -> bool:
    return any(has_report(run) for run in list_runs(project))


def invite_to_train() -> None:
    """Say that there is no classifier, and link to Train."""
    st.info(_("There is no trained classifier yet."))
    st.page_link("train.py", label=_("Train one"), icon=":material/arrow_forward:")


def require_run(project: Project, *, delivered: bool) -> Path:
    """Return the run to show; without one, say so, link to Train and end the page."""
    if not has_tested_run(project):
        invite_to_train()
        st.stop()
    run = run_picker(project, evaluated_only=True)
    if delivered and not is_delivered(run):
        _wait_for_packing(JobDirectory(run))
        st.stop()
    return run


def is_being_packed(run: JobDirectory) -> bool:
    """Check that a job is completing the remaining steps of a stopped run."""
    packing = finishing_job(project_of(run.path), run.path)
    return packing is not None and not packing.status().state.has_ended


def _wait_for_packing(run: JobDirectory) -> None:
    """Say that a tested classifier is not exported yet, or why it cannot be."""
    packing = finishing_job(project_of(run.path), run.path)
    status = (packing or run).status()
    if not status.state.has_ended:
        st.info(_("This classifier is still being exported and checked. It will be ready in a moment."))
        follow_packing(run)
        return
    st.warning(_("The export of this classifier was not completed."))
    show_error(status)
    st.page_link("train.py", label=_("Resume it on the Train page"), icon=":material/arrow_forward:")


def follow_packing(run: JobDirectory) -> None:
    """Draw the progress of packing, which refreshes itself."""
    job = finishing_job(project_of(run.path), run.path) or run
    if not job.status().state.has_ended:
        st.fragment(_packing_progress, run_every=_REFRESH_SECONDS)(job)


def _packing_progress(job: JobDirectory) -> None:
    status = job.status()
    if status.state.has_ended:
        st.rerun()
    st.progress(min(1.0, status.fraction), text=progress_text(status))
