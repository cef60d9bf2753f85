"""Table of the sections of the Evaluate page, in the order of the questions that they answer.

A section is one row and one module with ``show_section(evaluated)``, which is imported when
the section is shown.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import streamlit as st

from core.data.labels.task import Task
from core.errors import EvaluationError, NotFoundError
from core.evaluation.evaluated_run import EvaluatedRun
from core.messages import N_
from pages.ui import state
from pages.ui.text import _, show


@dataclass(frozen=True, kw_only=True)
class Section:
    """One question that the page answers."""

    label: str
    icon: str
    module: str
    # What it counts where a picture can have several labels; "": the section says so itself.
    several_labels: str = ""


SECTIONS = {
    "quality": Section(
        label=N_("How good?"),
        icon=":material/military_tech:",
        module="pages.ui.evaluate.quality.section",
    ),
    "mistakes": Section(
        label=N_("Where does it fail?"),
        icon=":material/grid_on:",
        module="pages.ui.evaluate.failures.section",
    ),
    "trust": Section(
        label=N_("When to believe it?"),
        icon=":material/verified:",
        module="pages.ui.evaluate.trust.section",
        several_labels=N_(
            "Reliability is that of yes or no for each class of each picture. A prediction set holds each label that a picture shows as often as promised. An answer is sure if all of its labels together are."
        ),
    ),
    "why": Section(
        label=N_("Why?"),
        icon=":material/center_focus_strong:",
        module="pages.ui.evaluate.why.section",
        several_labels=N_(
            "A heatmap explains one label, also one that was not answered. Mean heatmaps count each label that was answered."
        ),
    ),
    "robustness": Section(
        label=N_("How robust?"),
        icon=":material/shield:",
        module="pages.ui.evaluate.robustness.section",
        several_labels=N_(
            "Right means every label of a picture and no other. The curve of a class counts the pictures that show it."
        ),
    ),
    "next": Section(
        label=N_("What next?"),
        icon=":material/signpost:",
        module="pages.ui.evaluate.next.section",
    ),
    "loop": Section(
        label=N_("Before and after"),
        icon=":material/replay:",
        module="pages.ui.evaluate.loop.section",
        several_labels=N_(
            "Right means every label of a picture and no other. Fixed and newly broken pictures are counted by that."
        ),
    ),
    "compare": Section(
        label=N_("Compare"),
        icon=":material/compare_arrows:",
        module="pages.ui.evaluate.compare.section",
        several_labels=N_(
            "Right means every label of a picture and no other. McNemar's test counts pictures by that; macro and micro metrics count labels."
        ),
    ),
    "judge": Section(
        label=N_("Judge a model"),
        icon=":material/balance:",
        module="pages.ui.evaluate.judge.section",
        several_labels=N_(
            "Each class is answered by itself: its threshold is chosen on the validation pictures, as that of a run."
        ),
    ),
}


def show_chosen_section(evaluated: EvaluatedRun) -> None:
    """Draw the choice of a section, stored in the page's address, and the section."""
    chosen = st.pills(
        _("Section"),
        list(SECTIONS),
        default=state.section(SECTIONS),
        required=True,
        format_func=lambda code: f"{SECTIONS[code].icon} {_(SECTIONS[code].label)}",
        label_visibility="collapsed",
        wrap=True,
        key=f"evaluate-section-{state.counter('section')}",
    )
    state.choose_section(chosen)
    try:
        explain_several_labels(SECTIONS[chosen], evaluated)
        importlib.import_module(SECTIONS[chosen].module).show_section(evaluated)
    # Another run or model of the project may have lost its pictures.
    except (EvaluationError, NotFoundError) as error:
        st.info(show(error.message))


def explain_several_labels(section: Section, evaluated: EvaluatedRun) -> None:
    """Say what a section counts where a picture can have several labels."""
    if evaluated.dataset.task is Task.MULTI_LABEL and section.several_labels:
        st.caption(_(section.several_labels))
