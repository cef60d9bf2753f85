"""Controls of a run: pause, stop, resume, continue, rename, reuse, delete."""

from __future__ import annotations

import streamlit as st

from core.delivery.files import is_delivered
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.runs.compare import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, delete_run, describe_run, run_about
from core.runs.control import can_continue, lacks_delivery, resume, stop
from core.training.config import MAX_EPOCHS, Recipe, TrainingConfig
from core.workspace import Project
from pages.ui import state
from pages.ui.jobs import pause_and_stop, try_to
from pages.ui.settings import use_again
from pages.ui.text import _

MORE_EPOCHS = 10


def running_controls(job: JobDirectory) -> None:
    """Draw Pause and Stop of an active run, inside its live view."""
    pause_and_stop(
        job,
        "run",
        _("Frees the computer; Resume continues at the same point."),
        on_pause=job.request_pause,
        on_stop=job.request_stop,
    )


def ended_controls(job: JobDirectory, settings: TrainingConfig, *, is_being_packed: bool) -> None:
    """Draw the actions for a run that has ended or is paused."""
    status = job.status()
    if is_being_packed:
        return
    if status.state is JobState.INTERRUPTED:
        st.warning(
            _(
                "This run was interrupted: its process is gone (a crash, or the computer was switched off). Resume continues from the last save."
            )
        )
    if status.state is JobState.PAUSED:
        st.info(_("This run is paused. Resume continues at the same point."), icon=":material/pause_circle:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        is_whole = status.state is JobState.FINISHED and not lacks_delivery(job)
        if not is_whole and not is_delivered(job.path):
            resume_button(job)
        if status.state in {JobState.PAUSED, JobState.INTERRUPTED} and st.button(
            _("Stop and keep the best"), icon=":material/stop:", key="stop-resting"
        ):
            try_to(lambda: stop(job))
            st.rerun()
        # A quick run's head is fitted to the end: more epochs would change nothing.
        is_extensible = settings.recipe is not Recipe.QUICK and can_continue(job)
        if status.state in {JobState.FINISHED, JobState.STOPPED} and is_extensible:
            _continue_form(job)


def resume_button(job: JobDirectory) -> None:
    """Draw the button that starts the run again where it stopped."""
    if st.button(_("Resume"), icon=":material/play_arrow:", key="resume", type="primary") and try_to(
        lambda: resume(job)
    ):
        st.rerun()


def _continue_form(job: JobDirectory) -> None:
    epochs = st.number_input(
        _("More epochs"), 1, MAX_EPOCHS, MORE_EPOCHS, key=f"more-epochs-{job.name}", width=140
    )
    if st.button(_("Continue training"), icon=":material/fast_forward:", key="continue") and try_to(
        lambda: resume(job, extra_epochs=int(epochs))
    ):
        st.rerun()


def run_menu(project: Project, job: JobDirectory, settings: TrainingConfig | None) -> None:
    """Draw the menu of a run: name, note, reuse of its settings, deletion; an ensemble has no settings."""
    with st.popover(_("This run"), icon=":material/more_horiz:", key=f"menu-{job.name}"):
        _about_form(job)
        if settings is not None and st.button(
            _("Use these settings again"),
            icon=":material/content_copy:",
            key="use-again",
            help=_("Fills in recipe, backbone, augmentation and all other settings for the next run."),
        ):
            use_again(project, settings)
            state.count_up("settings")
            state.open_section("new")
        _delete_button(job)


def _about_form(job: JobDirectory) -> None:
    about = run_about(job)
    name = st.text_input(
        _("Name"),
        about.name,
        max_chars=MAX_NAME_LENGTH,
        placeholder=_("such as: without blurred"),
        key=f"name-{job.name}",
    )
    note = st.text_area(_("Note"), about.note, max_chars=MAX_NOTE_LENGTH, key=f"note-{job.name}", height=80)
    if (name, note) != (about.name, about.note) and try_to(lambda: describe_run(job, name, note)):
        st.rerun()


def _delete_button(job: JobDirectory) -> None:
    """Draw the delete button, which asks once more: deleting cannot be undone."""
    is_sure = st.checkbox(_("Delete this run, with its classifier"), key=f"sure-{job.name}")
    if not is_sure:
        return
    if st.button(_("Delete for good"), icon=":material/delete:", key="delete-run") and try_to(
        lambda: delete_run(job)
    ):
        state.forget_run()
        st.rerun()
