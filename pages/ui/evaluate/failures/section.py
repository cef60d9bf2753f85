"""Mistakes of a classifier on its test pictures, in parts of which one is shown.

A part is one row of ``PARTS`` and one module with ``show_part(evaluated)``, which is imported when
the part is shown.
"""

from __future__ import annotations

import importlib

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.messages import N_
from pages.ui import state
from pages.ui.evaluate.sections import Section, explain_several_labels
from pages.ui.text import _

PARTS = {
    "confusion": Section(
        label=N_("Confusion"),
        icon=":material/grid_on:",
        module="pages.ui.evaluate.failures.confusion",
    ),
    "thresholds": Section(
        label=N_("Thresholds"),
        icon=":material/tune:",
        module="pages.ui.evaluate.failures.thresholds.part",
        several_labels=N_(
            "Each class is answered from its own threshold on; a picture is right if every label of it is and no other."
        ),
    ),
    "slices": Section(
        label=N_("Slices"),
        icon=":material/filter_alt:",
        module="pages.ui.evaluate.slices.part",
        several_labels=N_(
            "Right means every label of a picture and no other. A picture is in the slice of each class that it shows."
        ),
    ),
    "more": Section(
        label=N_("More pictures?"),
        icon=":material/show_chart:",
        module="pages.ui.evaluate.learning_curve.part",
        several_labels=N_(
            "Right means every label of a picture and no other, with a threshold of 0.5 for each class."
        ),
    ),
}


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the choice of a part, stored in the page's address, and the part."""
    chosen = _chosen_part() if len(PARTS) > 1 else next(iter(PARTS))
    explain_several_labels(PARTS[chosen], evaluated)
    importlib.import_module(PARTS[chosen].module).show_part(evaluated)


def _chosen_part() -> str:
    chosen = st.segmented_control(
        _("Part"),
        list(PARTS),
        default=state.part(PARTS),
        required=True,
        format_func=lambda code: f"{PARTS[code].icon} {_(PARTS[code].label)}",
        label_visibility="collapsed",
        key="evaluate-failures-part",
    )
    state.choose_part(chosen)
    return chosen
