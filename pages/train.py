"""Train page: start a run, follow it."""

from __future__ import annotations

import importlib

import streamlit as st

from core.messages import N_
from core.workspace import Project, list_runs
from pages.ui import state
from pages.ui.shell import page_title, require_dataset, require_project
from pages.ui.text import _

# Modules of ``pages.ui.train`` with ``show_section(project, dataset)``, imported when shown.
SECTIONS = {"run": N_("Runs"), "new": N_("New run")}
_ICONS = {"run": ":material/monitoring:", "new": ":material/add:"}


def chosen_section(project: Project) -> str:
    """Draw the choice of a section, stored in the page's address; before the first run there is only one."""
    count = len(list_runs(project))
    known = [name for name, needed in (("run", 1), ("new", 0)) if count >= needed]
    current = state.section(known)
    if len(known) == 1:
        return current
    chosen = st.segmented_control(
        _("Section"),
        known,
        default=current,
        required=True,
        format_func=lambda name: f"{_ICONS[name]} {_(SECTIONS[name])}",
        label_visibility="collapsed",
        key=f"train-section-{state.counter('section')}",
    )
    state.choose_section(chosen)
    return str(chosen)


page_title(_("Train"), _("Press the button. Training continues if you close this page or stop the server."))
project = require_project()
dataset = require_dataset(project)
section = importlib.import_module(f"pages.ui.train.{chosen_section(project)}")
section.show_section(project, dataset)
