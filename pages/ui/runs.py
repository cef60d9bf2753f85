"""Runs as people see them: the list to pick from, live charts, what came out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import streamlit as st

from core.delivery.files import is_delivered
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory, JobState
from core.jobs.start import finishing_job
from core.models.backbones import get_backbone
from core.workspace import Project, list_runs, project_of
from pages.ui import state
from pages.ui.charts import learning_curve
from pages.ui.components.live_chart import live_chart
from pages.ui.jobs import STATE_COLOURS, STATE_WORDS, progress_text, show_error, stage_line
from pages.ui.text import _, duration, percent

_LOOK_EVERY_SECONDS = 0.7


def run_label(run: Path) -> str:
    """A run in a list: when, which backbone, how good."""
    job = JobDirectory(run)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))
    test = (job.result() or {}).get("test")
    outcome = percent(test["accuracy"]) if test else _(STATE_WORDS[job.status().state])
    return f"{when} · {get_backbone(job.config()['backbone']).name} · {outcome}"


def run_picker(project: Project, *, evaluated_only: bool = False) -> Path:
    """Pick one of the project's runs; drawn only where there is more than one."""
    runs = {run.name: run for run in list_runs(project) if has_report(run) or not evaluated_only}
    current = state.current_run(project)
    name = current.name if current and current.name in runs else next(iter(runs))
    if len(runs) > 1:
        picked = st.selectbox(
            _("Run"),
            list(runs),
            index=list(runs).index(name),
            format_func=lambda item: run_label(runs[item]),
            key=f"run-picker-{name}",
        )
        if picked != name:
            state.choose_run(picked)
            st.rerun()
    return runs[name]


def require_run(project: Project, *, delivered: bool) -> Path:
    """The run to show; without one, say what is missing, link to Train, and end the page."""
    if not any(has_report(run) for run in list_runs(project)):
        st.info(_("There is no trained classifier yet."))
        st.page_link("train.py", label=_("Train one"), icon=":material/arrow_forward:")
        st.stop()
    run = run_picker(project, evaluated_only=True)
    if delivered and not is_delivered(run):
        _wait_for_packing(JobDirectory(run))
        st.stop()
    return run


def live_view(job: JobDirectory) -> None:
    """Progress and charts; they refresh themselves while the run lasts, zoom and legend stay."""
    is_active = not job.status().state.has_ended
    st.fragment(_live_view, run_every=_LOOK_EVERY_SECONDS if is_active else None)(job, is_active)


def is_being_packed(run: JobDirectory) -> bool:
    """True while a job completes what the stopped run left to do."""
    packing = finishing_job(project_of(run.path), run.path)
    return packing is not None and not packing.status().state.has_ended


def run_summary(job: JobDirectory) -> None:
    """How a run ended."""
    status, result = job.status(), job.result() or {}
    if not status.state.has_ended:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(_(STATE_WORDS[status.state]), color=STATE_COLOURS.get(status.state, "gray"))
        st.caption(_ending(status.state, status.seconds or {}, result))
    show_error(status)
    if is_being_packed(job):
        _follow_packing(job)


def _ending(run_state: JobState, seconds: Any, result: dict[str, Any]) -> str:
    best = (result.get("training") or {}).get("best")
    parts = [_("took {time}").format(time=duration(sum(seconds.values())))]
    if best:
        parts.append(
            _("best at epoch {epoch}: {accuracy} right on validation").format(
                epoch=best["epoch"], accuracy=percent(best["validation_accuracy"])
            )
        )
    elif run_state is JobState.STOPPED:
        parts.append(_("stopped before there was anything to keep"))
    return " · ".join(parts)


def _live_view(job: JobDirectory, was_active: bool) -> None:
    status = job.status()
    if was_active and status.state.has_ended:
        st.rerun()  # the whole page: its buttons change
    if was_active:
        _progress(job)
    metrics = job.metrics()
    if not metrics:
        if was_active:
            st.caption(_("The learning curves appear here as soon as the first epoch is over."))
        return
    loss, accuracy = st.columns(2)
    with loss:
        st.markdown(
            _("**Loss**: lower is better"), help=_("How surprised the classifier is by the true answers")
        )
        live_chart(learning_curve(metrics, "loss", _("loss (nats)")), key=f"loss-{job.name}")
    with accuracy:
        st.markdown(_("**Accuracy**: higher is better"), help=_("How many pictures are right"))
        live_chart(learning_curve(metrics, "accuracy", _("right (%)")), key=f"accuracy-{job.name}")
    if metrics[0]["phase"] == "whole":
        st.caption(
            _(
                "The curves go down in steps: at each, the classifier may become a little more flexible. "
                "A gap is where the next, richer kind begins. The best point of all is kept."
            )
        )


def _progress(job: JobDirectory) -> None:
    status = job.status()
    with st.container(border=True, key="run-progress"):
        st.progress(min(1.0, status.fraction), text=progress_text(status))
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(stage_line(status) or _("Starting"))
            label = _("Stopping …") if job.stop_requested() else _("Stop and keep the best")
            if st.button(label, key="stop-run", icon=":material/stop:", disabled=job.stop_requested()):
                job.request_stop()
                st.rerun(scope="fragment")


def _wait_for_packing(run: JobDirectory) -> None:
    """A classifier that is trained and tested but not packed yet: say so, or why it never will be."""
    packing = finishing_job(project_of(run.path), run.path)
    status = (packing or run).status()
    if not status.state.has_ended:
        st.info(_("This classifier is still being packed and checked. It will be ready in a moment."))
        _follow_packing(run)
        return
    st.warning(_("This classifier was never packed to the end."))
    show_error(status)
    st.page_link("train.py", label=_("Resume it on the Train page"), icon=":material/arrow_forward:")


def _follow_packing(run: JobDirectory) -> None:
    """Progress of the packing, which refreshes itself."""
    job = finishing_job(project_of(run.path), run.path) or run
    if not job.status().state.has_ended:
        st.fragment(_packing_progress, run_every=_LOOK_EVERY_SECONDS)(job)


def _packing_progress(job: JobDirectory) -> None:
    status = job.status()
    if status.state.has_ended:
        st.rerun()
    st.progress(min(1.0, status.fraction), text=progress_text(status))
