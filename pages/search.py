"""Search: give it time, and it finds better settings by itself."""

from __future__ import annotations

import importlib

import streamlit as st

from core.messages import N_
from core.workspace import Project, list_searches
from pages.ui import state
from pages.ui.shell import page_title, require_dataset, require_project
from pages.ui.text import _

# Each a module of ``pages.ui.search`` with ``show_section(project, dataset)``, loaded when it is looked at.
SECTIONS = {"results": N_("Searches"), "new": N_("New search")}
_ICONS = {"results": ":material/query_stats:", "new": ":material/add:"}


def chosen_section(project: Project) -> str:
    """The section to show, kept in the page's address; before the first search there is but one."""
    if not list_searches(project):
        return "new"
    current = state.section(list(SECTIONS))
    chosen = st.segmented_control(
        _("Section"),
        list(SECTIONS),
        default=current,
        required=True,
        format_func=lambda name: f"{_ICONS[name]} {_(SECTIONS[name])}",
        label_visibility="collapsed",
        key=f"search-section-{state.counter('section')}",
    )
    state.choose_section(chosen)
    return str(chosen)


page_title(
    _("Search"),
    _("Optional: give it time, and it looks for better settings by itself, starting from those you chose."),
)
project = require_project()
dataset = require_dataset(project)
section = importlib.import_module(f"pages.ui.search.{chosen_section(project)}")
section.show_section(project, dataset)
