"""Table of the sections of the Evaluate page, in the order of the questions that they answer.

A section is one row and one module with ``show_section(evaluated)``, which is imported when
the section is shown.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import streamlit as st

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
    # It looks into the network of the run; an ensemble has several.
    needs_one_network: bool = False


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
    ),
    "why": Section(
        label=N_("Why?"),
        icon=":material/center_focus_strong:",
        module="pages.ui.evaluate.why.section",
        needs_one_network=True,
    ),
    "robustness": Section(
        label=N_("How robust?"),
        icon=":material/shield:",
        module="pages.ui.evaluate.robustness.section",
    ),
    "next": Section(
        label=N_("What next?"),
        icon=":material/signpost:",
        module="pages.ui.evaluate.next.section",
        needs_one_network=True,
    ),
    "loop": Section(
        label=N_("Before and after"),
        icon=":material/replay:",
        module="pages.ui.evaluate.loop.section",
    ),
    "compare": Section(
        label=N_("Compare"),
        icon=":material/compare_arrows:",
        module="pages.ui.evaluate.compare.section",
    ),
    "judge": Section(
        label=N_("Judge a model"),
        icon=":material/balance:",
        module="pages.ui.evaluate.judge.section",
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
        if SECTIONS[chosen].needs_one_network:
            evaluated.require_one_network()
        importlib.import_module(SECTIONS[chosen].module).show_section(evaluated)
    # Another run or model of the project may have lost its pictures.
    except (EvaluationError, NotFoundError) as error:
        st.info(show(error.message))
