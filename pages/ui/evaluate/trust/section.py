"""Trust in single answers: probabilities, prediction sets, least confidence, strangers."""

from __future__ import annotations

from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.evaluate.trust.calibration import show_calibration
from pages.ui.evaluate.trust.coverage import show_coverage
from pages.ui.evaluate.trust.strangers import show_strangers


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw how far the classifier's answers can be believed; a test by an older version holds less."""
    if evaluated.report.calibration is not None:
        show_calibration(evaluated.report.calibration)
    show_coverage(evaluated)
    show_strangers(evaluated)
