"""Confusion matrix and worst mistakes of a classifier on its test pictures."""

from __future__ import annotations

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import MultiClassReport
from pages.ui.confusion import show_confusion
from pages.ui.evaluate.failures.worst_mistakes import show_worst_mistakes
from pages.ui.text import _


def show_part(evaluated: EvaluatedRun) -> None:
    """Draw the confusion matrix and the worst mistakes."""
    if isinstance(evaluated.report, MultiClassReport):
        st.subheader(_("Confusion matrix"), anchor=False)
        class_names = [row.name for row in evaluated.report.classes]
        show_confusion(evaluated.report.confusion, class_names, key="confusion")
        st.caption(
            _(
                "Rows are the true classes, columns the answers. The diagonal is right; everything else is a mistake."
            )
        )
    show_worst_mistakes(evaluated)
