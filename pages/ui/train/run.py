"""Run section: live view, result and controls of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.data.dataset import Dataset
from core.evaluation.ensemble import EnsembleConfig
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.views import PLAIN, find_view_set
from core.runs.compare import run_about
from core.runs.control import lacks_delivery
from core.runs.setting_names import flat
from core.training.config import TrainingConfig
from core.workspace import Project, list_runs
from pages.ui import state
from pages.ui.display_names.training import config_sentence, setting_name, setting_value
from pages.ui.jobs import STATE_COLOURS, STATE_NAMES, follow, show_error
from pages.ui.runs import follow_packing, is_being_packed, run_picker, title_of
from pages.ui.shell import next_step, page_file
from pages.ui.steps import Step
from pages.ui.text import _, duration, escape, ngettext, percent
from pages.ui.train.controls import ended_controls, resume_button, run_menu
from pages.ui.train.live import live_view
from pages.ui.train.queue import queue_list


def show_section(project: Project, dataset: Dataset) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        job = JobDirectory(run_picker(project))
        if len(list_runs(project)) == 1:
            st.markdown(f"**{escape(title_of(job))}**", width="content")
        is_trained = job.kind is JobKind.TRAIN
        settings = TrainingConfig.from_json(job.config()) if is_trained else None
        run_menu(project, job, settings)
    if settings is None:
        _ensemble(job)
        return
    st.caption(escape(config_sentence(settings)))
    if note := run_about(job).note:
        st.caption(f":material/sticky_note_2: {escape(note)}")
    _ending(job)
    live_view(job)
    queue_list(project, shown=job)
    _settings(settings)
    if "test" in (job.result() or {}):
        next_step(Step.EVALUATE, _("its test accuracy and its mistakes"))
        _compare_link(project)


def _ensemble(job: JobDirectory) -> None:
    """Draw the members of an ensemble, which was joined, not trained, and how that went."""
    config = EnsembleConfig.from_json(job.config())
    members = [job.path.parent / name for name in config.members]
    titles = [title_of(JobDirectory(run)) if has_report(run) else run.name for run in members]
    views = find_view_set(config.views)
    if views != PLAIN:
        st.markdown(
            _("The mean of the answers to several views of each picture: {views}.").format(
                views=_(views.label)
            )
        )
    st.markdown(ngettext("Made of this run:", "The mean of the answers of these runs:", len(members)))
    rows = [{"run": title, "weight": weight} for title, weight in zip(titles, config.weights, strict=True)]
    weight = st.column_config.NumberColumn(_("Weight"), format="percent")
    st.dataframe(rows, hide_index=True, column_config={"run": _("Run"), "weight": weight}, key="members")
    status = job.status()
    if not status.state.has_ended:
        follow(job, lambda ended: st.rerun(), key="joining")
        return
    show_error(status)
    if is_being_packed(job):
        follow_packing(job)
    elif status.state is not JobState.FINISHED or lacks_delivery(job):
        resume_button(job)
    elif has_report(job.path):
        next_step(Step.EVALUATE, _("its test accuracy and its mistakes"))


def _compare_link(project: Project) -> None:
    """Draw the way to the comparison of runs, once there are two."""
    if len(list_runs(project)) > 1 and st.button(
        _("Compare runs"), icon=":material/compare_arrows:", type="tertiary", key="compare-runs"
    ):
        state.choose_section("compare")
        st.switch_page(page_file(Step.EVALUATE))


def _ending(job: JobDirectory) -> None:
    """Draw how a run ended or why it is paused, and the next action."""
    status, result = job.status(), job.result() or {}
    if not status.state.has_ended:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(_(STATE_NAMES[status.state]), color=STATE_COLOURS.get(status.state, "gray"))
        st.caption(_format_ending(status.state, sum((status.seconds or {}).values()), result))
    show_error(status)
    packed_now = is_being_packed(job)
    ended_controls(job, TrainingConfig.from_json(job.config()), is_being_packed=packed_now)
    if packed_now:
        follow_packing(job)


def _format_ending(run_state: JobState, seconds: float, result: Mapping[str, Any]) -> str:
    best = (result.get("training") or {}).get("best")
    parts = [_("took {time}").format(time=duration(seconds))]
    if best:
        parts.append(
            _("best at epoch {epoch}: {accuracy} right on validation").format(
                epoch=best["epoch"], accuracy=percent(best["validation_accuracy"])
            )
        )
    elif run_state is JobState.STOPPED:
        parts.append(_("stopped before the first epoch"))
    return " · ".join(parts)


def _settings(settings: TrainingConfig) -> None:
    """Draw every setting of the run, folded."""
    with st.expander(
        _("Settings of this run"), icon=":material/tune:", on_change="rerun", key="settings"
    ) as fold:
        if not fold.open:
            return
        rows = [
            {"setting": setting_name(path), "value": setting_value(path, value)}
            for path, value in flat(settings.to_json()).items()
        ]
        st.dataframe(rows, hide_index=True, column_config={"setting": _("Setting"), "value": _("Value")})
