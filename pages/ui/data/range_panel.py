"""Panel of the range of pictures with more than 8 bits: its values, and a change after the import."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.dataset import SHALLOW_FORMATS, Dataset, stored_path
from core.data.editing.ranges import RangeChoice
from core.data.pixels.range_changes import has_followed
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.runs.start_project_jobs import start_range_change
from core.workspace import Project
from pages.ui import state
from pages.ui.data.sources.pixel_range import choose_pixel_range, show_before_and_after
from pages.ui.jobs import follow, newest_job, show_error, try_to
from pages.ui.text import _, number

_PICTURES_SHOWN = 3


def running_change(project: Project) -> JobDirectory | None:
    """Return the job that changes the range now, if there is one."""
    job = newest_job(project, JobKind.CHANGE_RANGE)
    return job if job is not None and not job.status().state.has_ended else None


def follow_change(job: JobDirectory) -> None:
    """Draw the progress of a change, instead of pictures that are half drawn."""
    st.markdown(_("The pictures are drawn and measured with their new range."))
    follow(job, lambda ended: st.rerun(), key="range-progress")


def range_panel(project: Project, dataset: Dataset) -> None:
    """Draw the range, and its change on a few of the project's own pictures."""
    if dataset.pixel_range is None:
        return
    job = newest_job(project, JobKind.CHANGE_RANGE)
    if job is not None:
        show_error(job.status())
    if not has_followed(dataset.folder):
        _offer_to_finish(project, dataset.pixel_range)
    low, high = dataset.pixel_range
    label = _("Pictures with more than 8 bits: black up to {low}, white from {high}").format(
        low=number(round(low, 2)), high=number(round(high, 2))
    )
    with st.expander(label, icon=":material/exposure:", on_change="rerun", key="pixel-range") as panel:
        if panel.open:
            _change(project, dataset)


def _offer_to_finish(project: Project, pixel_range: tuple[float, float]) -> None:
    """Offer to go on after a change that was stopped."""
    with st.container(horizontal=True, vertical_alignment="center", key="half-drawn"):
        st.warning(_("Some pictures are still drawn with another range."))
        choice = RangeChoice(pixel_range=pixel_range)
        if st.button(_("Draw them now"), key="finish-drawing") and try_to(
            lambda: start_range_change(project, choice)
        ):
            st.rerun()


def _change(project: Project, dataset: Dataset) -> None:
    st.markdown(
        _(
            "The files keep all their values. A change writes a new version: train again to use it. "
            "Runs keep the range that they were trained with."
        )
    )
    is_found = dataset.measured_range is None
    usual = RangeChoice(pixel_range=None if is_found else dataset.pixel_range)
    choice = choose_pixel_range(f"change-{project.name}", usual)
    found = dataset.measured_range or dataset.pixel_range
    shown = choice if choice.pixel_range or choice.percentiles else RangeChoice(pixel_range=found)
    show_before_and_after(_examples(dataset), shown, dataset.channels, now=dataset.pixel_range)
    if st.button(
        _("Use this range"),
        type="primary",
        icon=":material/check:",
        disabled=shown.pixel_range == dataset.pixel_range,
        key="change-range",
    ) and try_to(lambda: start_range_change(project, choice)):
        state.remember_change(project.name, dataset.version + 1)
        st.rerun()


def _examples(dataset: Dataset) -> list[Path]:
    """Choose pictures spread over the classes."""
    deep = dataset.pictures[~dataset.pictures["format"].isin(SHALLOW_FORMATS)]
    some = deep.iloc[:: max(1, len(deep) // _PICTURES_SHOWN)].head(_PICTURES_SHOWN)
    paths = [stored_path(dataset.folder, picture) for _index, picture in some.iterrows()]
    return [path for path in paths if path.is_file()]
