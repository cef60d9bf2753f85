"""What a browser session remembers: which project, run and job it looks at.

The one place where ``st.session_state`` is touched. It holds identifiers only;
the truth is on disk, so that a refresh or another tab shows the same.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.jobs.directory import JobDirectory
from core.workspace import Project, list_projects, list_runs

_PROJECT, _RUN, _JOB = "project", "run", "job"


def current_project() -> Project | None:
    """The project the session looks at: chosen, named by the address, or the only one there is."""
    projects = {project.name: project for project in list_projects()}
    for name in (st.session_state.get(_PROJECT), st.query_params.get(_PROJECT)):
        if name in projects:
            return projects[name]
    return next(iter(projects.values())) if len(projects) == 1 else None


def choose_project(name: str | None) -> None:
    """Look at another project, or at none."""
    if name != st.session_state.get(_PROJECT):
        st.session_state.pop(_RUN, None)
        st.query_params.pop(_RUN, None)
    st.session_state[_PROJECT] = name
    if name is None:
        st.query_params.pop(_PROJECT, None)


def keep_in_address() -> None:
    """Name project and run in the page's address, so that a refresh and a bookmark find them again."""
    project = current_project()
    if project is None:
        return
    st.session_state[_PROJECT] = project.name
    if st.query_params.get(_PROJECT) != project.name:
        st.query_params[_PROJECT] = project.name


def current_dataset(project: Project) -> Dataset:
    """The newest version of the project's pictures."""
    return open_dataset(project)


def current_run(project: Project) -> Path | None:
    """The run the session looks at: chosen, named by the address, or the newest."""
    runs = {path.name: path for path in list_runs(project)}
    for name in (st.session_state.get(_RUN), st.query_params.get(_RUN)):
        if name in runs:
            return runs[name]
    return next(iter(runs.values()), None)


def choose_run(name: str) -> None:
    st.session_state[_RUN] = name
    st.query_params[_RUN] = name


def followed_job() -> JobDirectory | None:
    """The import, download or measurement that this session started last."""
    path = st.session_state.get(_JOB)
    return JobDirectory(Path(path)) if path and (Path(path) / "config.json").exists() else None


def follow_job(job: JobDirectory | None) -> None:
    st.session_state[_JOB] = str(job.path) if job else None


def counter(key: str) -> int:
    """A number that ``count_up`` raises: part of a widget's key that is to start afresh."""
    return int(st.session_state.get(f"counter-{key}", 0))


def count_up(key: str) -> None:
    st.session_state[f"counter-{key}"] = counter(key) + 1
