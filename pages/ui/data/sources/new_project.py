"""New-project panel: own pictures, an empty project, or samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from core.archive.records import RestoreResult
from core.data.import_config import ImportConfig, ImportRequest
from core.data.import_result import ImportResult
from core.data.importing import create_project
from core.data.skip_reasons import SkipReason
from core.data.sources.samples import SAMPLES
from core.errors import DarkroomError, ErrorCode
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState, JobStatus
from core.messages import N_, Message
from core.runs.import_questions import open_question
from core.runs.job_lookup import active_jobs
from core.runs.start_archives import start_restoring
from core.runs.start_imports import start_import
from core.workspace import Project, list_projects
from pages.ui import state
from pages.ui.data.sources.choosing import (
    Kind,
    choose_kind,
    choose_source,
    follow_import,
    start,
    suggested_name,
)
from pages.ui.data.sources.question import question_panel, waiting_import
from pages.ui.data.sources.reading import TURN, reading_options
from pages.ui.jobs import follow, show_error
from pages.ui.text import _, escape, show

_KINDS = [Kind.ARCHIVE, Kind.SENT, Kind.EMPTY, Kind.FOLDER, Kind.SAVED]


def import_panel() -> None:
    """Draw the running import, or the result of the last one and the form."""
    job = current_import()
    is_restored = job is not None and job.kind is JobKind.RESTORE_PROJECT
    if job is not None and not job.status().state.has_ended:
        follow(job, _restored if is_restored else _ended, key="import-progress")
        return
    if job is not None and is_restored:
        _restored(job)
        job = None
    if job is not None:
        _ended(job)
        if question := open_question(job):
            question_panel(question)
            return
    _form(ImportRequest.from_json(job.config()).project if job is not None else "")


def open_new_project(project: Project) -> None:
    """Open a project that this session's import has just made, in the section that it needs.

    The only project of a workspace is the current one as soon as it exists.
    """
    job = state.followed_job()
    if job is None or not _makes_a_project(job) or job.status().state is not JobState.FINISHED:
        return
    if job.kind is JobKind.RESTORE_PROJECT:
        if RestoreResult.from_json(job.result() or {}).project == project.name:
            _restored(job)
    elif ImportRequest.from_json(job.config()).project == project.name:
        _ended(job)


def current_import() -> JobDirectory | None:
    """Job that makes a project and that this session follows; after a refresh, the running one, or one that asks."""
    job = state.followed_job()
    if job is not None and _makes_a_project(job):
        return job
    running = next((running for running in active_jobs(None) if _makes_a_project(running)), None)
    return running or waiting_import(lambda request: not request.add)


def _makes_a_project(job: JobDirectory) -> bool:
    if job.kind is JobKind.RESTORE_PROJECT:
        return True
    return job.kind is JobKind.IMPORT and not ImportRequest.from_json(job.config()).add


def _ended(job: JobDirectory) -> None:
    """Open the finished project, or show the error."""
    status = job.status()
    if status.state is JobState.FINISHED:
        state.count_up("import")
        is_labelled = not ImportRequest.from_json(job.config()).settings.unlabelled
        project = ImportResult.from_json(job.result() or {}).project
        state.report_import(job)
        _open_project(project, "browse" if is_labelled else "label")
    if status.state is JobState.INTERRUPTED:
        st.warning(_("The import was interrupted, and nothing of it was kept. Start it again."))
    if status.state is JobState.STOPPED:
        st.info(_("The import was stopped, and nothing of it was kept."))
    show_failure(job, status)


def _restored(job: JobDirectory) -> None:
    """Open the project that came from a file, or show the error."""
    status = job.status()
    if status.state is JobState.FINISHED:
        state.count_up(TURN)
        _open_project(RestoreResult.from_json(job.result() or {}).project, "browse")
    if status.state in {JobState.STOPPED, JobState.INTERRUPTED}:
        st.info(_("Opening the project was stopped, and nothing of it was kept."))
    show_error(status)


def _open_project(name: str, section: str) -> None:
    state.follow_job(None)
    state.choose_project(name)
    state.count_up("project-picker")
    state.choose_section(section)
    st.switch_page("data.py")


@dataclass(frozen=True, kw_only=True)
class Mending:
    """A change of settings that lets a failed import succeed."""

    key: str
    label: str
    change: Callable[[ImportConfig], ImportConfig]


_MERGE = Mending(
    key="merge",
    label=N_("Import them as one class"),
    change=lambda config: replace(config, merge_case=True),
)
_LABEL_LATER = Mending(
    key="label-later",
    label=N_("Import them without classes, and label them here"),
    change=lambda config: replace(config, unlabelled=True),
)
_AGAIN = Mending(key="import-again", label=N_("Import again"), change=lambda config: config)


def show_failure(job: JobDirectory, status: JobStatus) -> None:
    """Show why an import failed and how it can succeed; a question speaks for itself."""
    question = open_question(job)
    if question is None or status.error is None or status.error.code != ErrorCode.CONFIRMATION_NEEDED:
        show_error(status)
    if question is None:
        _offer_again(job)


def _offer_again(job: JobDirectory) -> None:
    """Button that repeats a failed import with changed settings, while its files exist."""
    mending, request = _mending(job.status()), ImportRequest.from_json(job.config())
    if mending is None or (request.source is not None and not request.source.exists()):
        return
    if st.button(_(mending.label), icon=":material/replay:", key=mending.key):
        try:
            again = start_import(
                request.project,
                source=request.source,
                sample=request.sample,
                config=mending.change(request.settings),
                add=request.add,
            )
        except DarkroomError as error:
            st.error(show(error.message))
        else:
            state.follow_job(again)
            st.rerun()


def _mending(status: JobStatus) -> Mending | None:
    if status.state in {JobState.STOPPED, JobState.INTERRUPTED, JobState.PAUSED}:
        return _AGAIN
    if status.error is None:
        return None
    if status.error.code == ErrorCode.SIMILAR_CLASS_NAMES:
        return _MERGE
    reason = status.error.values.get("reason")
    has_no_classes = isinstance(reason, Message) and reason.code == SkipReason.NO_CLASS_FOLDER
    return _LABEL_LATER if has_no_classes or status.error.code == ErrorCode.ONE_CLASS else None


def _form(name: str) -> None:
    own, sample = st.columns([9, 5], gap="medium")
    with own, st.container(border=True, key="import-own"):
        st.subheader(_("Your own pictures"), anchor=False)
        kind = choose_kind(_KINDS, "import-kind")
        if kind is Kind.EMPTY:
            _without_pictures(name)
        elif kind is Kind.SAVED:
            _saved_project(name)
        else:
            _of_a_source(kind, name)
    with sample, st.container(border=True, key="import-sample"):
        _samples()


def _of_a_source(kind: Kind, name: str) -> None:
    """Draw the form for an archive or folder."""
    source = choose_source(kind, "upload")
    suggestion = suggested_name(source)
    typed = st.text_input(_("Project name"), name, placeholder=suggestion or _("Leaves"), key="new-name")
    reading = reading_options(f"import-{state.counter('import')}", new_project=True)
    is_ready = source is not None and reading.is_ready
    if st.button(_("Import pictures"), type="primary", disabled=not is_ready, key="import") and source:
        start(typed or suggestion, source, reading)


def _saved_project(name: str) -> None:
    """Draw the form for a project that was saved as one file."""
    source = choose_source(Kind.SAVED, "upload")
    typed = st.text_input(_("Project name"), name, placeholder=_("as in the file"), key="new-name")
    path = source.path if source is not None else None
    if st.button(_("Open the project"), type="primary", disabled=path is None, key="open-saved") and path:
        try:
            state.follow_job(start_restoring(path, typed or None))
        except DarkroomError as error:
            st.error(show(error.message))
        else:
            st.rerun()


def _without_pictures(name: str) -> None:
    """Draw the form for an empty project with classes."""
    st.markdown(
        _(
            "Name the classes, then fill each with pictures from the **camera** or with **single files**. You can change and add classes at any time."
        )
    )
    typed = st.text_input(_("Project name"), name, placeholder=_("Leaves"), key="new-name")
    classes = st.text_area(
        _("Classes, one on each line"),
        placeholder=_("oak\nmaple"),
        height=110,
        key=f"new-classes-{state.counter('import')}",
        persist_state="session",
    )
    if st.button(_("Start the project"), type="primary", key="start-empty"):
        try:
            project = create_project(typed, [line for line in classes.splitlines() if line.strip()])
        except DarkroomError as error:
            st.error(show(error.message))
        else:
            state.count_up("import")
            _open_project(project.name, "add")


def _samples() -> None:
    """Draw the samples: local ones, and folded those that must be downloaded."""
    st.subheader(_("Just looking?"), anchor=False)
    st.markdown(
        _("1,797 handwritten digits, already on this computer. From pictures to classifier in two minutes.")
    )
    if st.button(_("Try the handwritten digits"), key="sample-digits"):
        follow_import(_free_name(SAMPLES["digits"].title), sample="digits")
    with st.expander(_("More, from the internet"), icon=":material/cloud_download:", key="samples"):
        st.caption(_("Each is fetched once, which needs a connection. Nothing of yours is sent."))
        for key, sample in SAMPLES.items():
            if sample.needs_network:
                st.markdown(f"**{escape(_(sample.title))}**  \n{_(sample.sentence)}")
                if st.button(_("Fetch {name}").format(name=_(sample.title)), key=f"sample-{key}"):
                    follow_import(_free_name(sample.title), sample=key)


def _free_name(name: str) -> str:
    """Append a number to ``name`` if a project already has it."""
    taken = {project.name.casefold() for project in list_projects()}
    names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 3))]
    return next(free for free in names if free.casefold() not in taken)
