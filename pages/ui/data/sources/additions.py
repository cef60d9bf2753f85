"""Add section: single pictures, camera shots, or an archive or folder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.data.additions import Addition, what_was_added
from core.data.dataset import Dataset, open_dataset
from core.data.import_config import ImportRequest
from core.data.import_result import ImportResult
from core.data.importing import add_to_class
from core.data.labels.label_sets import named_classes
from core.data.labels.task import Task
from core.data.skip_reasons import Skipped
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.messages import first_of
from core.runs.import_questions import open_question
from core.runs.job_lookup import active_jobs
from core.workspace import Project
from pages.ui import state
from pages.ui.components.camera import CameraCatch, accept, camera
from pages.ui.data.sources.choosing import Kind, choose_kind, choose_source, start
from pages.ui.data.sources.new_project import show_failure
from pages.ui.data.sources.question import question_panel, waiting_import
from pages.ui.data.sources.reading import reading_options
from pages.ui.editing.changes import apply_change
from pages.ui.jobs import follow
from pages.ui.text import _, escape, ngettext, number, show

_MOST_COUNTED = 12  # classes in one line
_KINDS = [Kind.FILES, Kind.CAMERA, Kind.ARCHIVE, Kind.SENT, Kind.FOLDER]


def show_section(project: Project, dataset: Dataset) -> None:
    job = _current_addition(project)
    if job is not None and not job.status().state.has_ended:
        follow(job, _ended, key="add-progress")
        return
    if job is not None:
        _ended(job)
        if question := open_question(job):
            question_panel(question)
            return
    if state.changed_version(project.name) == dataset.version:
        addition = what_was_added(project, dataset.version)
        if addition is not None and addition.needs_summary:
            _summary(addition)
    kind = choose_kind(_KINDS, f"add-kind-{project.name}")
    with st.container(border=True, key="add-own"):
        if kind in {Kind.FILES, Kind.CAMERA}:
            _into_a_class(project, dataset, kind)
        else:
            _from_a_source(project, kind)


def _current_addition(project: Project) -> JobDirectory | None:
    """Import job this session follows; after a refresh, the running one, or one that asks."""
    job = state.followed_job()
    if job is not None and _adds_to(project, job):
        return job
    running = next((running for running in active_jobs(None) if _adds_to(project, running)), None)
    return running or waiting_import(lambda request: request.add and request.project == project.name)


def _adds_to(project: Project, job: JobDirectory) -> bool:
    if job.kind is not JobKind.IMPORT:
        return False
    request = ImportRequest.from_json(job.config())
    return request.add and request.project == project.name


def _ended(job: JobDirectory) -> None:
    """Show the new version, or the error."""
    status = job.status()
    if status.state is JobState.FINISHED:
        result = ImportResult.from_json(job.result() or {})
        state.follow_job(None)
        state.remember_change(result.project, result.version)
        state.report_import(job)
        st.rerun()
    if status.state in {JobState.STOPPED, JobState.INTERRUPTED}:
        st.info(_("Adding pictures was stopped. None was added."))
    show_failure(job, status)


def _summary(addition: Addition) -> None:
    """Summarise added, known and skipped files."""
    with st.container(border=True, key="added"):
        st.markdown(f":material/check_circle: {_what_came(addition)}")
        if count := len(addition.duplicates):
            st.markdown(
                ngettext(
                    "{n} was here already, or came twice.", "{n} were here already, or came twice.", count
                ).format(n=number(count))
            )
        if addition.excluded:
            st.markdown(
                ngettext(
                    "{n} looks almost like a test picture. It is excluded, so that the test stays fair.",
                    "{n} look almost like test pictures. They are excluded, so that the test stays fair.",
                    addition.excluded,
                ).format(n=number(addition.excluded))
            )
        _left_out(addition.left_out)
        _ways_on(addition)


def _what_came(addition: Addition) -> str:
    came = ngettext("**{n} picture added**", "**{n} pictures added**", addition.count).format(
        n=number(addition.count)
    )
    classes = [
        _("{name} {n}").format(name=escape(label) if label else _("without label"), n=number(count))
        for label, count in addition.labels.items()
    ]
    return f"{came}: {first_of(classes)}."


def _left_out(files: Sequence[Skipped]) -> None:
    if not files:
        return
    title = ngettext("{n} file was left out", "{n} files were left out", len(files)).format(
        n=number(len(files))
    )
    with st.expander(title, icon=":material/info:", key="added-left-out"):
        rows = [{"file": item.file, "why": show(item.reason.message, markdown=False)} for item in files]
        columns = {
            "file": st.column_config.TextColumn(_("File")),
            "why": st.column_config.TextColumn(_("Why")),
        }
        st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns)


def _ways_on(addition: Addition) -> None:
    with st.container(horizontal=True):
        if "" in addition.labels and st.button(_("Label them"), icon=":material/label:", key="added-label"):
            state.open_section("label")
        if st.button(_("See the pictures"), icon=":material/photo_library:", key="added-see"):
            state.open_section("browse")


def _into_a_class(project: Project, dataset: Dataset, kind: Kind) -> None:
    """Add single pictures to one class."""
    label = st.selectbox(
        _("Class"),
        dataset.all_class_names,
        index=0 if dataset.all_class_names else None,
        accept_new_options=True,
        placeholder=_("Type a name"),
        help=_("Choose a class, or type the name of a new one.")
        if dataset.task is Task.MULTI_CLASS
        else _("Choose a class, or type several with “;” between them, such as “cat; dog”."),
        key=f"add-class-{project.name}",
        persist_state="session",
    )
    if dataset.all_class_names:
        st.caption(_how_full(dataset))
    if kind is Kind.FILES:
        _files(project, label)
    elif label is None:
        st.info(_("Type the name of a class, and the camera appears."))
    else:
        _camera(project, label)


def _how_full(dataset: Dataset) -> str:
    """Show the picture counts of the first classes; excluded pictures count nowhere on the page."""
    everything = dataset.all_pictures
    used = everything.loc[~everything["excluded"], "label"]
    counts = named_classes(used, dataset.task).value_counts()
    shown = dataset.all_class_names[:_MOST_COUNTED]
    classes = [f"{escape(name)} {number(int(counts.get(name, 0)))}" for name in shown]
    more = " · …" if len(shown) < len(dataset.all_class_names) else ""
    return _("Pictures so far: {classes}").format(classes=" · ".join(classes) + more)


def _files(project: Project, label: str | None) -> None:
    files = st.file_uploader(
        _("Pictures"), accept_multiple_files=True, key=f"add-files-{state.counter('upload')}"
    )
    if st.checkbox(
        _("They are not all of this class: I label them later"), key=f"add-unlabelled-{project.name}"
    ):
        label = ""
    words = ngettext("Add {n} picture", "Add {n} pictures", len(files)).format(n=number(len(files)))
    is_ready = bool(files) and label is not None
    if st.button(
        words if files else _("Add pictures"), type="primary", disabled=not is_ready, key="add-files"
    ):
        with _at_work():
            apply_change(project, lambda: _add_files(project, str(label), files))


def _add_files(project: Project, label: str, files: Sequence[UploadedFile]) -> Dataset:
    add_to_class(project, label, [(file.name, file.getvalue()) for file in files])
    state.count_up("upload")  # lets go of the bytes
    return open_dataset(project)


def _camera(project: Project, label: str) -> None:
    catch = camera(key=f"camera-{project.name}", class_name=label)
    if catch is not None:
        with _at_work():
            apply_change(project, lambda: _add_catch(project, label, catch))


def _add_catch(project: Project, label: str, catch: CameraCatch) -> Dataset:
    pictures = catch.pictures
    bursts = [f"{picture.name.rpartition('-')[0]}-burst-{picture.burst}" for picture in pictures]
    add_to_class(project, label, [(picture.name, picture.data) for picture in pictures], bursts)
    accept(catch)
    return open_dataset(project)


def _at_work() -> AbstractContextManager[None]:
    return st.spinner(_("Reading the new pictures and comparing them with the existing ones"))


def _from_a_source(project: Project, kind: Kind) -> None:
    """Add an archive or a folder."""
    source = choose_source(kind, "add")
    reading = reading_options(f"add-{project.name}", new_project=False)
    is_ready = source is not None and reading.is_ready
    if st.button(_("Add pictures"), type="primary", disabled=not is_ready, key="add-source") and source:
        start(project.name, source, reading, add=True)
