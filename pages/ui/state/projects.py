"""Current project of a session, its dataset, and the section of a page with its part."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.workspace import Project, list_projects
from pages.ui import session
from pages.ui.state.runs import forget_run
from pages.ui.state.searches import forget_search
from pages.ui.state.widgets import count_up

_PROJECT, _SECTION, _PART = "project", "section", "part"


def current_project() -> Project | None:
    """Return the current project: chosen, named by the address, or the only one there is."""
    projects = {project.name: project for project in list_projects()}
    name = session.get_known(_PROJECT, projects)
    if name is not None:
        return projects[name]
    return next(iter(projects.values())) if len(projects) == 1 else None


def absent_project() -> str | None:
    """Return the project that the address names and that is not there, such as a deleted one."""
    names = {project.name for project in list_projects()}
    name = session.get_addressed(_PROJECT)
    return name if name and session.get_known(_PROJECT, names) is None else None


def choose_project(name: str | None) -> None:
    """Switch to another project, or to none."""
    if name != session.get(_PROJECT):
        forget_run()
        forget_search()
    if name is None:
        session.pop_addressed(_PROJECT)
    else:
        session.put(_PROJECT, name)


def keep_in_address() -> None:
    """Write the project into the page's address, for refreshes and bookmarks.

    One that is not there stays in it, so that the page goes on to say so.
    """
    project = current_project()
    if project is not None and absent_project() is None:
        session.put_addressed(_PROJECT, project.name)


def current_dataset(project: Project) -> Dataset:
    """Open the newest version of the project's pictures."""
    return open_dataset(project)


def section(known: Collection[str]) -> str:
    """Return the section of a page to show: chosen, named by the address, or the first."""
    return session.get_known(_SECTION, known) or next(iter(known))


def choose_section(name: str) -> None:
    """Choose a section of a page; another page may do so before it links there."""
    session.put_addressed(_SECTION, name)


def open_section(name: str) -> None:
    """Go to a section from within the page."""
    choose_section(name)
    count_up("section")
    st.rerun()


def part(known: Collection[str]) -> str:
    """Return the part of a section to show: chosen, named by the address, or the first."""
    return session.get_known(_PART, known) or next(iter(known))


def choose_part(name: str) -> None:
    """Choose a part of a section; another section may do so before it links there."""
    session.put_addressed(_PART, name)
