"""Frame around every page: page map, sidebar, titles, link to the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data.dataset import Dataset
from core.data.split.splitting import MIN_PICTURES_PER_CLASS
from core.devices import Device, cpu_cores, devices_to_show
from core.errors import DarkroomError
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.status import JobState
from core.messages import N_
from core.runs.control import resume
from core.runs.import_questions import ImportQuestion, open_questions
from core.runs.job_lookup import active_jobs
from core.workspace import Project, list_projects
from pages.ui import state
from pages.ui.jobs import progress_text
from pages.ui.steps import Progress, Step, StepState, step_states
from pages.ui.text import _, choose_language, escape, ngettext, number, show, time_left

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

STEP_TITLES = {
    Step.DATA: N_("Data"),
    Step.AUGMENT: N_("Augment"),
    Step.MODEL: N_("Model"),
    Step.TRAIN: N_("Train"),
    Step.SEARCH: N_("Search"),
    Step.EVALUATE: N_("Evaluate"),
    Step.PREDICT: N_("Predict"),
    Step.EXPORT: N_("Export"),
}
_STEP_ICONS = {
    Progress.EMPTY: ":material/radio_button_unchecked:",
    Progress.READY: ":material/radio_button_checked:",
    Progress.RUNNING: ":material/pending:",
    Progress.DONE: ":material/check_circle:",
    Progress.NEEDS_A_LOOK: ":material/error:",
}
_NO_PROJECT = ""
_REFRESH_SECONDS = 1.5


def page_map() -> dict[str, StreamlitPage]:
    """Register every page by its address. All are always registered, so that deep links work."""
    overview = st.Page("overview.py", title=_("Overview"), url_path="overview", default=True)
    steps = {
        step.value: st.Page(f"{step.value}.py", title=_(title), url_path=step.value)
        for step, title in STEP_TITLES.items()
    }
    return {"overview": overview, **steps}


def page_file(step: Step) -> str:
    """Return a step's file, as ``st.page_link`` and ``st.switch_page`` expect it."""
    return f"{step.value}.py"


def sidebar(pages: dict[str, StreamlitPage]) -> None:
    """Draw the project picker, steps, running jobs, device and language."""
    with st.sidebar:
        st.page_link(pages["overview"], label="**Darkroom**", icon=":material/camera:")
        _project_picker()
        _steps_and_jobs(pages)
        for question in open_questions():
            _waiting_import(question)
        st.space("small")
        _device_badge()
        st.caption(_("Nothing leaves this computer."))
        choose_language()


def absent_project_notice() -> None:
    """Say that the address names a project that is not there."""
    absent = state.absent_project()
    if absent is None:
        return
    current = state.current_project()
    text = (
        _("There is no project “{name}”: perhaps it was deleted. Choose another one.")
        if current is None
        else _("There is no project “{name}”: perhaps it was deleted. “{shown}” is shown.")
    )
    st.warning(text.format(name=escape(absent[:80]), shown=escape(current.name if current else "")))


def page_title(title: str, sentence: str) -> None:
    """Draw a page's title and its purpose."""
    st.title(title, anchor=False)
    st.markdown(sentence)


def require_project() -> Project:
    """Return the current project; without one, say so, link to the Overview and end the page."""
    project = state.current_project()
    if project is None:
        st.info(_("There are no pictures yet. Every step starts with a project: a set of labelled pictures."))
        st.page_link("overview.py", label=_("Choose or make a project"), icon=":material/arrow_forward:")
        st.stop()
    return project


def require_dataset(project: Project) -> Dataset:
    """Return the newest dataset; if it is too small to train on, say so, link to it and end the page."""
    dataset = state.current_dataset(project)
    if len(dataset.class_names) < 2:
        st.info(
            _("There is not enough to learn from yet: at least two classes with {n} pictures each.").format(
                n=MIN_PICTURES_PER_CLASS
            )
        )
        st.page_link(page_file(Step.DATA), label=_("Go to the pictures"), icon=":material/arrow_forward:")
        st.stop()
    return dataset


def next_step(step: Step, purpose: str) -> None:
    """Draw a link to the next page and its purpose in one line."""
    st.space("small")
    with st.container(horizontal=True, vertical_alignment="center", key=f"next-{step.value}"):
        st.page_link(
            page_file(step),
            label=_("**Next: {page}**").format(page=_(STEP_TITLES[step])),
            icon=":material/arrow_forward:",
        )
        st.caption(purpose)


def _project_picker() -> None:
    names = [project.name for project in list_projects()]
    if not names:
        return
    current = state.current_project()
    options = names if current else [_NO_PROJECT, *names]
    key = f"project-picker-{state.counter('project-picker')}"
    chosen = st.selectbox(
        _("Project"),
        options,
        index=options.index(current.name if current else _NO_PROJECT),
        format_func=lambda name: name or _("Choose a project"),
        key=key,
    )
    if chosen and (current is None or chosen != current.name):
        state.choose_project(chosen)
        state.count_up("project-picker")
        st.rerun()


def _device_badge() -> None:
    """Draw the compute device; the tooltip gives the reason if a GPU is not used."""
    used, reasons = devices_to_show()
    name = " + ".join(_device_name(device) for device in used) or _("No device to compute on")
    st.badge(
        name,
        icon=":material/memory:" if all(device.is_cpu for device in used) else ":material/developer_board:",
        color="orange" if reasons else "gray",
        help="\n\n".join(show(reason) for reason in reasons) or None,
    )


def _device_name(device: Device) -> str:
    if not device.is_cpu:
        return escape(device.name)
    return ngettext("CPU · {n} core", "CPU · {n} cores", cpu_cores()).format(n=number(cpu_cores()))


def _step_links(pages: dict[str, StreamlitPage], states: dict[Step, StepState]) -> None:
    for step, title in STEP_TITLES.items():
        step_state = states[step]
        label = _(title)
        if step_state.progress is Progress.RUNNING:
            label = f"{label} · {round(100 * step_state.fraction)}%"
        st.page_link(pages[step.value], label=label, icon=_STEP_ICONS[step_state.progress], width="stretch")


def _steps_and_jobs(pages: dict[str, StreamlitPage]) -> None:
    """Draw the steps and jobs, refreshed while a job runs."""
    project = state.current_project()
    is_busy = bool(active_jobs(project))
    st.fragment(_live_steps, run_every=_REFRESH_SECONDS if is_busy else None)(pages, project, is_busy)


def _live_steps(pages: dict[str, StreamlitPage], project: Project | None, was_busy: bool) -> None:
    jobs = active_jobs(project)
    if was_busy and not jobs:
        st.rerun()  # the whole page, because all jobs have ended
    _step_links(pages, step_states(project))
    for job in jobs:
        _running_job(job)
    for job in _paused_jobs(project):
        _paused_job(job)


def _running_job(job: JobDirectory) -> None:
    status = job.status()
    with st.container(border=True, key=f"running-{job.name}", gap="xsmall"):
        st.progress(min(1.0, status.fraction), text=progress_text(status))
        parts = [_(job.job_type.label)]
        if status.state is JobState.RUNNING:
            parts.append(f"{round(100 * status.fraction)}%")
        if status.seconds_left is not None:
            parts.append(time_left(status.seconds_left))
        st.caption(escape(" · ".join(parts)))
        with st.container(horizontal=True, vertical_alignment="center"):
            is_requested = job.stop_requested() or job.pause_requested()
            can_pause = job.job_type.can_pause and status.state is JobState.RUNNING
            if can_pause and st.button(
                _("Pause"), key=f"pause-{job.name}", type="tertiary", disabled=is_requested
            ):
                job.request_pause()
            if st.button(_("Stop"), key=f"stop-{job.name}", type="tertiary", disabled=job.stop_requested()):
                job.request_stop()


def _paused_jobs(project: Project | None) -> list[JobDirectory]:
    folders = [project.runs, project.searches, project.adaptations, project.predictions] if project else []
    jobs = [job for folder in folders for job in list_jobs(folder)]
    return [job for job in jobs if job.status().state is JobState.PAUSED]


def _paused_job(job: JobDirectory) -> None:
    with (
        st.container(border=True, key=f"paused-{job.name}"),
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        st.caption(":material/pause_circle: " + _("Paused"))
        if st.button(_("Resume"), key=f"resume-{job.name}", type="tertiary"):
            _resume(job)


def _waiting_import(question: ImportQuestion) -> None:
    with (
        st.container(border=True, key=f"waiting-{question.job.name}"),
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        name = escape(question.request.project)
        st.caption(":material/help: " + _("Import of {project} has a question").format(project=name))
        if st.button(_("Answer"), key=f"answer-{question.job.name}", type="tertiary"):
            _open_question(question)


def _open_question(question: ImportQuestion) -> None:
    """Open the page that shows a question: that of the project, or that for new ones."""
    state.follow_job(question.job)
    if not question.request.add:
        st.switch_page("overview.py")
    state.choose_project(question.request.project)
    state.count_up("project-picker")
    state.choose_section("add")
    st.switch_page(page_file(Step.DATA))


def _resume(job: JobDirectory) -> None:
    try:
        resume(job)
    except DarkroomError as error:
        st.error(show(error.message))
        return
    st.rerun()
