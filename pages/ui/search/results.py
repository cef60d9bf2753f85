"""Section of one search: its result or progress, its charts and its trials."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.errors import DarkroomError
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.runs.compare import delete_run
from core.runs.control import is_worked_on
from core.search.config import Sampler
from core.search.trials.folds import scored_rows
from core.workspace import Project, list_searches
from pages.ui import state
from pages.ui.jobs import STATE_COLOURS, STATE_NAMES, show_error, try_to
from pages.ui.search.charts import chosen_chart, history_chart, read_clicks
from pages.ui.search.controls import ended_controls, running_controls
from pages.ui.search.display_names import search_sentence
from pages.ui.search.downloads import downloads
from pages.ui.search.progress import failures, progress, state_counts
from pages.ui.search.reading import Search, open_search, search_labels
from pages.ui.search.settings import settings_of_search
from pages.ui.search.summary import show_summary
from pages.ui.search.table import trial_table
from pages.ui.search.trial import trial_card
from pages.ui.text import _, duration, escape, show

_REFRESH_SECONDS = 1.5


class Phase(StrEnum):
    """Phase of a search: trials, then the test of the best trial's run, then nothing."""

    SEARCHING = "searching"
    TESTING = "testing"
    OVER = "over"


def show_section(project: Project, dataset: Dataset) -> None:
    """Show the chosen search; while it works the section is a fragment that reruns."""
    paths = {path.name: path for path in list_searches(project)}
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        path = _picked(paths)
        if len(paths) == 1:
            st.markdown(f"**{escape(search_labels([path])[path.name])}**", width="content")
        _menu(path)
    try:
        search = open_search(path)
    except DarkroomError as error:
        st.warning(show(error.message), icon=":material/history:")
        st.caption(_("Start a new search, or delete this one: it can no longer be used."))
        return
    st.caption(escape(search_sentence(search.config)))
    phase = _phase_of(project, search)
    run_every = None if phase is Phase.OVER else _REFRESH_SECONDS
    st.fragment(_live, run_every=run_every)(project, path, phase, _scored_pictures(project, search))


def _scored_pictures(project: Project, search: Search) -> int:
    """Count the pictures that a climb's rungs are scored on; 0 for other searches, whose charts show no interval."""
    if search.config.sampler is not Sampler.LADDER:
        return 0
    return len(scored_rows(search.config, open_dataset(project, search.config.base.dataset_version)))


def _picked(paths: dict[str, Path]) -> Path:
    """Return the chosen search or the newest one, with a picker if there are several."""
    name = state.chosen_search()
    if name not in paths:
        name = next(iter(paths))
    if len(paths) > 1:
        picked = st.selectbox(
            _("Search"),
            list(paths),
            index=list(paths).index(name),
            format_func=search_labels(list(paths.values())).__getitem__,
            key=f"search-picker-{name}",
        )
        if picked != name:
            state.choose_search(picked)
            st.rerun()
    return paths[name]


def _menu(path: Path) -> None:
    with st.popover(_("This search"), icon=":material/more_horiz:", key=f"search-menu-{path.name}"):
        st.caption(_("Runs made from its trials are kept."))
        is_sure = st.checkbox(_("Delete this search, with its trials"), key=f"sure-{path.name}")
        if not is_sure:
            return
        if st.button(_("Delete for good"), icon=":material/delete:", key="delete-search") and try_to(
            lambda: delete_run(JobDirectory(path))
        ):
            state.forget_search()
            state.count_up("section")
            st.rerun()


def _phase_of(project: Project, search: Search) -> Phase:
    if not search.job.status().state.has_ended:
        return Phase.SEARCHING
    run = JobDirectory(project.runs / search.run) if search.run else None
    has_run = run is not None and (run.path / "config.json").is_file()
    is_tested = run is None or not has_run or run.status().state.has_ended
    return Phase.OVER if is_tested and not is_worked_on(search.job) else Phase.TESTING


def _live(project: Project, path: Path, phase: Phase, pictures: int) -> None:
    search = open_search(path)
    has_changed = _phase_of(project, search) is not phase
    if has_changed and phase is Phase.SEARCHING:
        st.rerun()  # the whole page, because its buttons change
    read_clicks(search)
    if phase is Phase.SEARCHING:
        progress(search, search.job.status())
        running_controls(search.job)
    else:
        _ended(project, search)
    if search.trials:
        _trials(search, pictures)
    elif phase is Phase.SEARCHING:
        st.caption(_("Trials appear here as they finish. The first one is the baseline: your own settings."))
    if has_changed:
        st.rerun()  # after the buttons, so that a click at this moment is not lost


def _trials(search: Search, pictures: int) -> None:
    """Show the charts, the table of trials and the selected trial."""
    history_chart(search, pictures)
    chosen_chart(search)
    failures(search)
    st.subheader(_("Trials"), anchor=False)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        trial_table(search)
    with right:
        trial_card(search)
    settings_of_search(search)


def _ended(project: Project, search: Search) -> None:
    """Show errors, the result, the duration, and the actions of an ended search."""
    status = search.job.status()
    show_error(status)
    if status.state is JobState.INTERRUPTED:
        st.warning(
            _(
                "This search was interrupted: its process is gone (a crash, or the computer was switched off). "
                "Resume continues it; no trial is lost."
            )
        )
    if search.trials:
        show_summary(project, search)
    else:
        st.info(_("No trial of this search has ended. Resume it, or start a new one."))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(_(STATE_NAMES[status.state]), color=STATE_COLOURS.get(status.state, "gray"))
        seconds = search.summary.seconds if search.summary else search.progress.seconds
        st.caption(
            escape(" · ".join([_("took {time}").format(time=duration(seconds)), state_counts(search)])),
            width="content",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        ended_controls(search)
        if search.trials:
            downloads(search)
