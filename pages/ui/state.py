"""Session state: identifiers of the project, run and job that a browser looks at.

The one place where ``st.session_state`` is touched. It holds identifiers only;
the truth is on disk, so that a refresh or another tab shows the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.jobs.directory import JobDirectory
from core.messages import Message
from core.workspace import Project, list_projects, list_runs

_PROJECT, _RUN, _JOB = "project", "run", "job"
_SEARCH, _TRIAL = "search", "trial"
_CHANGE, _PROBLEM, _SECTION = "last-change", "problem", "section"


def current_project() -> Project | None:
    """Return the current project: chosen, named by the address, or the only one there is."""
    projects = {project.name: project for project in list_projects()}
    for name in (st.session_state.get(_PROJECT), st.query_params.get(_PROJECT)):
        if name in projects:
            return projects[name]
    return next(iter(projects.values())) if len(projects) == 1 else None


def choose_project(name: str | None) -> None:
    """Switch to another project, or to none."""
    if name != st.session_state.get(_PROJECT):
        forget_run()
        forget_search()
    st.session_state[_PROJECT] = name
    if name is None:
        st.query_params.pop(_PROJECT, None)


def keep_in_address() -> None:
    """Write the project into the page's address, for refreshes and bookmarks."""
    project = current_project()
    if project is None:
        return
    st.session_state[_PROJECT] = project.name
    if st.query_params.get(_PROJECT) != project.name:
        st.query_params[_PROJECT] = project.name


def current_dataset(project: Project) -> Dataset:
    """Open the newest version of the project's pictures."""
    return open_dataset(project)


def current_run(project: Project) -> Path | None:
    """Return the current run: chosen, named by the address, or the newest."""
    runs = {path.name: path for path in list_runs(project)}
    for name in (st.session_state.get(_RUN), st.query_params.get(_RUN)):
        if name in runs:
            return runs[name]
    return next(iter(runs.values()), None)


def choose_run(name: str) -> None:
    st.session_state[_RUN] = name
    st.query_params[_RUN] = name


def forget_run() -> None:
    """Forget the chosen run, which is gone; the newest is shown again."""
    st.session_state.pop(_RUN, None)
    st.query_params.pop(_RUN, None)


def chosen_search() -> str | None:
    """Return the name of the current search: chosen, or named by the address."""
    return _named(_SEARCH)


def choose_search(name: str) -> None:
    if name != chosen_search():
        forget_trial()
    st.session_state[_SEARCH] = name
    st.query_params[_SEARCH] = name


def forget_search() -> None:
    """Forget the chosen search; the newest is shown again."""
    for key in (_SEARCH, _TRIAL):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)


def chosen_trial() -> int | None:
    """Return the number of the current trial: chosen, or named by the address."""
    number = _named(_TRIAL)
    return int(number) if number and number.isdecimal() else None


def choose_trial(number: int) -> None:
    st.session_state[_TRIAL] = str(number)
    st.query_params[_TRIAL] = str(number)


def forget_trial() -> None:
    """Forget the chosen trial; the best is shown again."""
    st.session_state.pop(_TRIAL, None)
    st.query_params.pop(_TRIAL, None)


def _named(key: str) -> str | None:
    name = st.session_state.get(key) or st.query_params.get(key)
    return str(name) if name else None


def followed_job() -> JobDirectory | None:
    """Return the import, download or measurement that this session started last."""
    path = st.session_state.get(_JOB)
    return JobDirectory(Path(path)) if path and (Path(path) / "config.json").exists() else None


def follow_job(job: JobDirectory | None) -> None:
    st.session_state[_JOB] = str(job.path) if job else None


def section(known: Collection[str]) -> str:
    """Return the section of a page to show: chosen, named by the address, or the first."""
    for name in (st.session_state.get(_SECTION), st.query_params.get(_SECTION)):
        if name in known:
            return str(name)
    return next(iter(known))


def choose_section(name: str) -> None:
    """Choose a section of a page; another page may do so before it links there."""
    st.session_state[_SECTION] = name
    st.query_params[_SECTION] = name


def open_section(name: str) -> None:
    """Go to a section from within the page."""
    choose_section(name)
    count_up("section")
    st.rerun()


def folder_looked_into(browser: str) -> str | None:
    """Return the server folder that a folder browser shows; None at first."""
    path = st.session_state.get(f"folder-{browser}")
    return str(path) if path else None


def look_into_folder(browser: str, path: str) -> None:
    st.session_state[f"folder-{browser}"] = path


def remember_change(project: str, version: int) -> None:
    """Remember a version that this session made, to offer undo."""
    st.session_state[_CHANGE] = (project, version)


def changed_version(project: str) -> int | None:
    """Return the version of the project that this session made last."""
    name, version = st.session_state.get(_CHANGE, (None, None))
    return version if name == project else None


def groups_seen(walk: str) -> dict[int, int]:
    """Return the groups of pictures that this session has left, with the pictures that each had left."""
    return dict(st.session_state.get(f"seen-{walk}", {}))


def go_on_from_group(walk: str, number: int, left: int) -> None:
    st.session_state[f"seen-{walk}"] = groups_seen(walk) | {number: left}


def group_at(walk: str) -> tuple[str, int] | None:
    """Return the order of the groups and the number of the current one."""
    place: tuple[str, int] | None = st.session_state.get(f"group-{walk}")
    return place


def stand_at_group(walk: str, order: str, number: int) -> None:
    st.session_state[f"group-{walk}"] = (order, number)


def walk_again(walk: str) -> None:
    """Restart with the first group, as if none had been seen."""
    for key in (f"seen-{walk}", f"group-{walk}"):
        st.session_state.pop(key, None)


def remember_problem(problem: Message) -> None:
    """Store a sentence for the page that is drawn next."""
    st.session_state[_PROBLEM] = problem


def take_problem() -> Message | None:
    problem: Message | None = st.session_state.pop(_PROBLEM, None)
    return problem


def imported_weights() -> str | None:
    """Return the backbone whose weights this session imported last."""
    key: str | None = st.session_state.get("imported-weights")
    return key


def remember_imported_weights(backbone: str | None) -> None:
    st.session_state["imported-weights"] = backbone


def upload_memory(key: str) -> dict[str, Any]:
    """Return the stored state of the upload of this key; see ``pages.ui.components.upload``."""
    return dict(st.session_state.get(f"sending-{key}", {}))


def remember_upload(key: str, **values: object) -> None:
    st.session_state[f"sending-{key}"] = upload_memory(key) | values


def value_of(widget: str, default: int) -> int:
    """Return the number of a widget (by its key) before it is drawn."""
    return int(st.session_state.get(widget, default))


def begin_with(widget: str, value: int) -> None:
    """Set the first value of a widget (by its key) that is not drawn yet.

    Unlike a default of its own, it can be cleared away: the field is then empty.
    """
    st.session_state.setdefault(widget, value)


def counter(key: str) -> int:
    """Return the number that ``count_up`` raises: as part of a widget's key it resets the widget."""
    return int(st.session_state.get(f"counter-{key}", 0))


def count_up(key: str) -> None:
    st.session_state[f"counter-{key}"] = counter(key) + 1


def session_name() -> str:
    """Return this session's random name, to reject component messages of another session."""
    return str(st.session_state.setdefault("session-name", secrets.token_hex(8)))


def answered(component: str) -> int:
    """Return the serial number of the last component message that this session has handled."""
    return int(st.session_state.get(f"answered-{component}", 0))


def answer(component: str, serial: int) -> None:
    st.session_state[f"answered-{component}"] = serial


def component_state(component: str, name: str) -> object:
    """Return a component's state by its key and name, before it is drawn; None if there is none."""
    kept = st.session_state.get(component)
    return kept.get(name) if isinstance(kept, Mapping) else None


def selected_rows(table: str) -> list[int]:
    """Return the selected rows of a table (by its key), before it is drawn."""
    kept = st.session_state.get(table)
    return list(kept["selection"]["rows"]) if kept else []


def is_open(part: str, *, default: bool) -> bool:
    """Check that an expandable part of a page is open."""
    return bool(st.session_state.get(f"open-{part}", default))


def set_open(part: str, is_open: bool) -> None:
    st.session_state[f"open-{part}"] = is_open
