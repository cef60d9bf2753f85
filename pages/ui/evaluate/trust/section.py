"""Trust in single answers: probabilities, prediction sets."""

from __future__ import annotations

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.evaluate.trust.calibration import show_calibration
from pages.ui.text import _


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw how far the classifier's probabilities can be believed."""
    if evaluated.report.calibration is None:
        st.info(
            _(
                "This run was tested by an older version, which did not measure this. Train it again to see it."
            )
        )
        return
    show_calibration(evaluated.report.calibration)
