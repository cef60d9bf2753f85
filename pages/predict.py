"""Predict page: answers to new pictures, doubtful pictures to label, and change over time."""

from __future__ import annotations

import importlib
from pathlib import Path

import streamlit as st

from core.messages import N_
from core.prediction.queue.waiting import count_waiting
from core.workspace import Project
from pages.ui import state
from pages.ui.runs import require_run
from pages.ui.shell import next_step, page_title, require_project
from pages.ui.steps import Step
from pages.ui.text import _, number

SECTIONS = {"pictures": N_("Pictures"), "queue": N_("To label"), "drift": N_("How is it doing?")}
_ICONS = {
    "pictures": ":material/image_search:",
    "queue": ":material/label:",
    "drift": ":material/monitoring:",
}
# Modules with ``show_section(project, run)``, imported when shown.
_MODULES = {
    "pictures": "pages.ui.predict.pictures",
    "queue": "pages.ui.predict.queue",
    "drift": "pages.ui.predict.drift",
}


def chosen_section(project: Project) -> str:
    """Draw the choice of a section, stored in the page's address."""
    waiting = count_waiting(project)

    def label(name: str) -> str:
        count = f" ({number(waiting)})" if name == "queue" and waiting else ""
        return f"{_ICONS[name]} {_(SECTIONS[name])}{count}"

    chosen = st.segmented_control(
        _("Section"),
        list(SECTIONS),
        default=state.section(SECTIONS),
        required=True,
        format_func=label,
        label_visibility="collapsed",
        key=f"section-{state.counter('section')}",
    )
    state.choose_section(chosen)
    return str(chosen)


def show(project: Project, run: Path) -> None:
    """Draw the chosen section."""
    section = importlib.import_module(_MODULES[chosen_section(project)])
    section.show_section(project, run)


page_title(_("Predict"), _("Show it pictures it has never seen. They stay on this computer."))
project = require_project()
show(project, require_run(project, delivered=True))
next_step(Step.EXPORT, _("take the classifier with you"))
