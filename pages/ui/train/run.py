"""Run section: live view, result and controls of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.data.dataset import Dataset
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.runs.compare import run_about
from core.training.config import TrainingConfig
from core.workspace import Project, list_runs
from pages.ui.display_names.training import config_sentence, flat, setting_name, setting_value
from pages.ui.jobs import STATE_COLOURS, STATE_NAMES, show_error
from pages.ui.runs import follow_packing, is_being_packed, run_picker, title_of
from pages.ui.shell import next_step
from pages.ui.steps import Step
from pages.ui.text import _, duration, escape, percent
from pages.ui.train.controls import ended_controls, run_menu
from pages.ui.train.live import live_view
from pages.ui.train.queue import queue_list


def show_section(project: Project, dataset: Dataset) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        job = JobDirectory(run_picker(project))
        if len(list_runs(project)) == 1:
            st.markdown(f"**{escape(title_of(job))}**", width="content")
        settings = TrainingConfig.from_json(job.config())
        run_menu(project, job, settings)
    st.caption(escape(config_sentence(settings)))
    if note := run_about(job).note:
        st.caption(f":material/sticky_note_2: {escape(note)}")
    _ending(job)
    live_view(job)
    queue_list(project, shown=job)
    _settings(settings)
    if "test" in (job.result() or {}):
        next_step(Step.EVALUATE, _("its test accuracy and its mistakes"))


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
