"""Controls of a search: pause, stop, resume, extend, and promotion of a trial to a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import DarkroomError, NotFoundError
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.runs.control import pause, resume, stop
from core.runs.start_runs import start_run_of_trial
from core.search.config import MAX_MINUTES, MAX_TRIALS
from core.search.records import TrialRecord
from pages.ui import state
from pages.ui.jobs import pause_and_stop, try_to
from pages.ui.search.reading import Search
from pages.ui.text import _, show

MORE_MINUTES = 10
MORE_TRIALS = 50


def running_controls(job: JobDirectory) -> None:
    """Draw the Pause and Stop buttons of a running search, inside its live view."""
    pause_and_stop(
        job,
        "search",
        _("Frees the computer; Resume continues with the next trial."),
        on_pause=partial(_ask, pause, job),
        on_stop=partial(_ask, stop, job),
    )


def ended_controls(search: Search) -> None:
    """Draw the actions of a search that has ended or is at rest, in a row."""
    status, job = search.job.status(), search.job
    if status.state not in {JobState.FINISHED, JobState.STOPPED} and (
        st.button(_("Resume"), icon=":material/play_arrow:", key="resume-search", type="primary")
        and try_to(lambda: resume(job))
    ):
        st.rerun()
    if (
        status.state.is_at_rest
        and search.trials
        and (
            st.button(_("Stop and keep the best"), icon=":material/stop:", key="stop-resting")
            and try_to(lambda: stop(job))
        )
    ):
        st.rerun()
    if status.state in {JobState.FINISHED, JobState.STOPPED}:
        _extension(search)


def _extension(search: Search) -> None:
    """Draw the form that extends the budget of a search."""
    with st.popover(_("Search longer"), icon=":material/fast_forward:", key=f"longer-{search.job.name}"):
        st.caption(_("Continues with the trials so far."))
        if search.config.trials and not search.config.minutes:
            trials = st.number_input(_("More trials"), 1, MAX_TRIALS, MORE_TRIALS, key="more-trials")
            extension = partial(resume, search.job, extra_trials=int(trials))
        else:
            minutes = st.number_input(
                _("More minutes"), 1, int(MAX_MINUTES), MORE_MINUTES, key="more-minutes"
            )
            extension = partial(resume, search.job, extra_minutes=float(minutes))
        if st.button(_("Search on"), icon=":material/play_arrow:", key="search-on") and try_to(extension):
            st.rerun()


def run_button(search: Search, trial: TrialRecord) -> None:
    """Draw the button that turns a trial into a run, and say if its weights are kept."""
    if st.button(_("Turn into a run"), icon=":material/model_training:", key=f"run-of-{trial.number}"):
        turn_into_run(search, trial)
    st.caption(
        _("The trial's weights are kept: the run is exactly this classifier, then tested and exported.")
        if trial.has_weights
        else _(
            "The trial's weights were not kept: the run is trained again with these settings and may differ a little."
        )
    )


def turn_into_run(search: Search, trial: TrialRecord) -> None:
    """Start a run with a trial's settings and go to it; shows an error if that fails."""
    try:
        run = start_run_of_trial(search.job, trial.number)
    except DarkroomError as error:
        st.error(show(error.message))
        return
    state.choose_run(run.name)
    state.choose_section("run")
    st.switch_page("train.py")


def _ask(request: Callable[[JobDirectory], None], job: JobDirectory) -> None:
    """Send a request from a callback; a search that has ended meanwhile needs no message."""
    with contextlib.suppress(NotFoundError):
        request(job)
