"""Jobs on pages: names of stages and states, progress that refreshes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import streamlit as st

from core.errors import DarkroomError
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.status import JobState, JobStatus
from core.messages import N_
from core.progress import Stage
from core.workspace import Project, project_of
from pages.ui.text import _, number, show, time_left

STAGE_NAMES = {
    Stage.READING: N_("Reading and checking pictures"),
    Stage.INSTALLING: N_("Installing a reader"),
    Stage.DOWNLOADING: N_("Downloading pretrained weights"),
    Stage.CONVERTING: N_("Preparing the backbone (once)"),
    Stage.DECODING: N_("Decoding pictures"),
    Stage.AUGMENTING: N_("Computing features of augmented copies"),
    Stage.FEATURES: N_("Computing features of every picture"),
    Stage.PROFILING: N_("Timing a few steps"),
    Stage.TRAINING: N_("Training"),
    Stage.SEARCHING: N_("Searching for better settings"),
    Stage.ACTIVATIONS: N_("Computing the outputs of the frozen stem"),
    Stage.FINE_TUNING: N_("Fine-tuning the backbone"),
    Stage.ADAPTING: N_("Adapting the backbone to your pictures"),
    Stage.EVALUATING: N_("Testing"),
    Stage.PACKING: N_("Packing the pictures"),
    Stage.EXPORTING: N_("Packing the classifier and checking it"),
    Stage.EXPLAINING: N_("Looking where the classifier looks"),
    Stage.PREDICTING: N_("Classifying pictures"),
    Stage.MEASURING: N_("Measuring speed"),
    Stage.CHECKING: N_("Comparing the pictures and judging them"),
    Stage.COMPARING: N_("Comparing backbones on your pictures"),
    Stage.SAVING: N_("Packing the project"),
    Stage.RESTORING: N_("Unpacking and checking the project"),
}
STATE_NAMES = {
    JobState.QUEUED: N_("Waiting for its turn"),
    JobState.STARTING: N_("Starting"),
    JobState.RUNNING: N_("Running"),
    JobState.PAUSED: N_("Paused"),
    JobState.FINISHED: N_("Finished"),
    JobState.STOPPED: N_("Stopped"),
    JobState.FAILED: N_("Failed"),
    JobState.INTERRUPTED: N_("Interrupted"),
}
STATE_COLOURS: dict[JobState, Literal["green", "red", "orange"]] = {
    JobState.FINISHED: "green",
    JobState.FAILED: "red",
    JobState.INTERRUPTED: "orange",
    JobState.STOPPED: "orange",
    JobState.PAUSED: "orange",
}
_BY_PICTURE = {
    Stage.READING,
    Stage.DECODING,
    Stage.FEATURES,
    Stage.AUGMENTING,
    Stage.ACTIVATIONS,
    Stage.EXPLAINING,
    Stage.PREDICTING,
}
# The parts of a check or a comparison count different things, those of an archive bytes.
_WITHOUT_COUNTS = {Stage.CHECKING, Stage.COMPARING, Stage.EXPORTING, Stage.SAVING, Stage.RESTORING}
_REFRESH_SECONDS = 0.7


def progress_text(status: JobStatus) -> str:
    """Name the stage of a running job, else its state."""
    if status.state is JobState.RUNNING and status.stage:
        return _(STAGE_NAMES[Stage(status.stage)])
    return _(STATE_NAMES[status.state])


def stage_line(status: JobStatus) -> str:
    """Format the stage's progress, its speed and the time left."""
    parts = []
    if status.stage_total and status.stage not in _WITHOUT_COUNTS:
        parts.append(
            _("{done} of {total}").format(done=number(status.stage_done), total=number(status.stage_total))
        )
    per_picture = status.stage in _BY_PICTURE
    if status.steps_per_second and per_picture:
        parts.append(_("{rate} pictures/s").format(rate=number(status.steps_per_second)))
    if status.seconds_left is not None:
        parts.append(time_left(status.seconds_left))
    return " · ".join(parts)


def newest_job(project: Project, kind: JobKind) -> JobDirectory | None:
    """Return the project's newest job of a kind, if there is one."""
    return next((job for job in list_jobs(project.jobs) if job.kind is kind), None)


def newest_job_on(run: Path, kind: JobKind) -> JobDirectory | None:
    """Return the newest job of a kind that measures a run or a judged model, if there is one."""
    project = project_of(run)
    wanted = run.name, run.parent == project.judged
    jobs = (job for job in list_jobs(project.jobs) if job.kind is kind)
    configs = ((job, job.config()) for job in jobs)
    return next(
        (job for job, config in configs if (config["run"], config.get("is_judged", False)) == wanted), None
    )


def pause_and_stop(
    job: JobDirectory, kind: str, resuming: str, *, on_pause: Callable[[], None], on_stop: Callable[[], None]
) -> None:
    """Draw the Pause and Stop buttons of a running job, disabled once they were pressed.

    Args:
        kind: distinguishes the buttons' keys.
        resuming: help text of the Pause button: its use and its end.
    """
    is_stopping, is_pausing = job.stop_requested(), job.pause_requested()
    with st.container(horizontal=True):
        st.button(
            _("Pausing …") if is_pausing and not is_stopping else _("Pause"),
            key=f"pause-{kind}",
            icon=":material/pause:",
            disabled=is_stopping or is_pausing,
            help=resuming,
            on_click=on_pause,
        )
        st.button(
            _("Stopping …") if is_stopping else _("Stop and keep the best"),
            key=f"stop-{kind}",
            icon=":material/stop:",
            disabled=is_stopping,
            on_click=on_stop,
        )


def try_to(act: Callable[[], object]) -> bool:
    """Call ``act``; show the reason if it is refused."""
    try:
        act()
    except DarkroomError as error:
        st.error(show(error.message))
        return False
    return True


def show_error(status: JobStatus) -> None:
    """Show the reason why a job failed."""
    if status.error is not None:
        st.error(show(status.error), icon=":material/error:")


def follow(job: JobDirectory, on_end: Callable[[JobDirectory], None] | None = None, *, key: str) -> None:
    """Draw a job's progress, which refreshes itself; ``on_end``, if given, is called once the job has ended.

    Must be the only self-refreshing part of its page.
    """
    if job.status().state.has_ended:
        if on_end is not None:
            on_end(job)
        return
    st.fragment(draw_progress, run_every=_REFRESH_SECONDS)(job, key)


def draw_progress(job: JobDirectory, key: str) -> None:
    """Draw a running job's progress and its Stop button; the page is drawn again once it has ended."""
    status = job.status()
    if status.state.has_ended:
        st.rerun()
    with st.container(border=True, key=key):
        st.progress(min(1.0, status.fraction or _stage_fraction(status)), text=progress_text(status))
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(stage_line(status) or _(job.job_type.label))
            if st.button(_("Stop"), key=f"{key}-stop", disabled=job.stop_requested()):
                job.request_stop()


def _stage_fraction(status: JobStatus) -> float:
    return status.stage_done / status.stage_total if status.stage_total else 0.0
