"""Bake-off section: start it, follow it, show its results."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.errors import DarkroomError
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.backbones import get_backbone
from core.runs.control import resume
from core.runs.start_project_jobs import start_bakeoff
from core.training.bakeoff.job import expected_bake_off_seconds, usual_contestants
from core.training.bakeoff.results import (
    BakeOff,
    LeftOut,
    Sample,
    current_turn,
    read_bake_off,
    sensible_choice,
)
from core.workspace import Project
from pages.ui.components.live_chart import live_chart
from pages.ui.jobs import newest_job, progress_text, show_error, stage_line
from pages.ui.model.scatter import bake_off_scatter
from pages.ui.settings import choose_backbone, chosen_backbone
from pages.ui.text import _, escape, expected_duration, file_size, ngettext, number, show, time_left

_REFRESH_SECONDS = 1.0
_CHART_PIXELS = 380


def bakeoff_section(project: Project, dataset: Dataset) -> None:
    """Draw the start button, the progress and the results."""
    st.subheader(_("Which one suits your pictures?"), anchor=False)
    job = newest_job(project, JobKind.BAKEOFF)
    is_active = job is not None and not job.status().state.has_ended
    if not is_active:
        _start(project, dataset, read_bake_off(project))
    st.fragment(_live, run_every=_REFRESH_SECONDS if is_active else None)(project, dataset, job, is_active)


def _start(project: Project, dataset: Dataset, results: BakeOff | None) -> None:
    try:
        keys = usual_contestants(project)
    except DarkroomError as error:
        st.info(show(error.message))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        label = _("Try them again") if results else _("Try them on my pictures")
        if st.button(label, key="start-bakeoff", icon=":material/science:"):
            start_bakeoff(project, keys)
            st.rerun()
        alone = [key for key in keys if not get_backbone(key).members]
        seconds = expected_duration(expected_bake_off_seconds(dataset, keys))
        sentence = ngettext(
            "{n} pretrained backbone is on this computer: about {time}. Test pictures stay unseen.",
            "{n} pretrained backbones are on this computer: about {time} in all. Test pictures stay unseen.",
            len(alone),
        )
        both = _("Two at once are tried as well.") if len(alone) < len(keys) else ""
        st.caption(f"{sentence.format(n=len(alone), time=escape(seconds))} {both}".rstrip())


def _live(project: Project, dataset: Dataset, job: JobDirectory | None, was_active: bool) -> None:
    if job is not None:
        if was_active and job.status().state.has_ended:
            st.rerun()  # the whole page: its buttons change
        if was_active:
            _progress(job)
        else:
            _ending(job)
    results = read_bake_off(project)
    if results is not None and results.entries:
        _results(project, dataset, results, is_over=not was_active)


def _progress(job: JobDirectory) -> None:
    status = job.status()
    with st.container(border=True, key="bakeoff-progress"):
        st.progress(min(1.0, status.fraction), text=progress_text(status))
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(_now_trying(job) or stage_line(status) or _("Starting"))
            label = _("Stopping …") if job.stop_requested() else _("Stop and keep what is measured")
            if st.button(label, key="stop-bakeoff", icon=":material/stop:", disabled=job.stop_requested()):
                job.request_stop()
                st.rerun(scope="fragment")


def _now_trying(job: JobDirectory) -> str:
    current = current_turn(job.path)
    if current is None:
        return ""
    parts = [
        _("{name}, {place} of {count}").format(
            name=escape(get_backbone(current.backbone).name), place=current.position, count=current.count
        )
    ]
    left = job.status().seconds_left
    if left is not None:
        parts.append(escape(time_left(left)))
    return " · ".join(parts)


def _ending(job: JobDirectory) -> None:
    """Report on a bake-off that has ended: failure, backbones left out, next action."""
    status = job.status()
    show_error(status)
    for left_out in map(LeftOut.from_json, (job.result() or {}).get("left_out", [])):
        st.warning(
            _("{name} could not be measured: {reason}").format(
                name=escape(get_backbone(left_out.backbone).name),
                reason=show(left_out.reason),
            )
        )
    if status.state in {JobState.INTERRUPTED, JobState.STOPPED}:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("The last comparison was not finished; its measurements are kept."))
            if st.button(_("Go on"), key="resume-bakeoff", icon=":material/play_arrow:"):
                resume(job)
                st.rerun()


def _results(project: Project, dataset: Dataset, results: BakeOff, *, is_over: bool) -> None:
    choice = sensible_choice(results.entries)
    if choice is not None and is_over:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(show(choice.reason), width="stretch")
            if choice.backbone != chosen_backbone(project):
                label = _("Use {name}").format(name=escape(get_backbone(choice.backbone).name))
                if st.button(label, key="take-choice", icon=":material/star:"):
                    choose_backbone(project, choice.backbone)
                    st.rerun()
    live_chart(
        bake_off_scatter(results.entries, choice.backbone if choice else None),
        key="bakeoff-chart",
        of=project.name,
        height=_CHART_PIXELS,
    )
    st.caption(_what_is_shown(results.sample))
    if results.sample.version != dataset.version:
        st.caption(_("Your pictures have changed since. Try them again to be sure."))
    if is_over:
        with st.expander(_("As numbers"), key="bakeoff-numbers"):
            _numbers(results)


def _what_is_shown(sample: Sample) -> str:
    bars = _(
        "Higher is more accurate, further left is faster; a larger mark is a larger file. The bars are 95% confidence intervals of the accuracy."
    )
    values = {
        "training": number(sample.training),
        "validation": number(sample.validation),
        "all": number(sample.all_training + sample.all_validation),
    }
    if sample.is_everything:
        sentence = _("Trained on {training} pictures, validated on {validation} others.")
    else:
        sentence = _("Trained on {training} pictures, validated on {validation} others: a sample of {all}.")
    return f"{sentence.format(**values)} {bars}"


def _numbers(results: BakeOff) -> None:
    rows = [
        {
            "name": get_backbone(entry.backbone).name,
            "accuracy": 100 * entry.validation_accuracy,
            "low": 100 * entry.interval[0],
            "high": 100 * entry.interval[1],
            "milliseconds": entry.milliseconds,
            "size": file_size(entry.bytes),
            "seconds": entry.seconds,
        }
        for entry in sorted(results.entries, key=lambda entry: -entry.validation_accuracy)
    ]
    number_column = st.column_config.NumberColumn
    columns = {
        "name": st.column_config.TextColumn(_("Backbone"), pinned=True),
        "accuracy": number_column(_("Validation right (%)"), format="%.1f"),
        "low": number_column(_("at least (%)"), format="%.1f"),
        "high": number_column(_("at most (%)"), format="%.1f"),
        "milliseconds": number_column(_("ms a picture"), format="%.1f"),
        "size": st.column_config.TextColumn(_("File")),
        "seconds": number_column(
            _("Seconds spent"), format="%.0f", help=_("Features cached before took no time")
        ),
    }
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns, key="bakeoff-table")
