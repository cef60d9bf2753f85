"""Search page: hyperparameter searches, and the form that starts one."""

from __future__ import annotations

import importlib

import streamlit as st

from core.messages import N_
from core.workspace import Project, list_searches
from pages.ui import state
from pages.ui.shell import page_title, require_dataset, require_project
from pages.ui.text import _

# Modules of ``pages.ui.search`` with ``show_section(project, dataset)``, imported when shown.
SECTIONS = {"results": N_("Searches"), "new": N_("New search")}
_ICONS = {"results": ":material/query_stats:", "new": ":material/add:"}


def chosen_section(project: Project) -> str:
    """Return the section to show, stored in the page's address; before the first search always the new one."""
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
    _("Optional: searches for better settings automatically, starting from those you chose."),
)
project = require_project()
dataset = require_dataset(project)
section = importlib.import_module(f"pages.ui.search.{chosen_section(project)}")
section.show_section(project, dataset)
