"""Trust in single answers: probabilities, prediction sets, least confidence, strangers."""

from __future__ import annotations

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.evaluate.trust.calibration import show_calibration
from pages.ui.evaluate.trust.coverage import show_coverage
from pages.ui.evaluate.trust.sets_by_class import show_sets_by_class
from pages.ui.evaluate.trust.strangers import show_strangers


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw how far the classifier's answers can be believed; a test by an older version holds less."""
    if evaluated.report.calibration is not None:
        show_calibration(
            evaluated.report.calibration,
            evaluated.dataset.task,
            is_ensemble=evaluated.is_ensemble,
            is_cross_validated=evaluated.learnt_from_validation,
        )
        show_sets_by_class(evaluated)
    # Predictions that hold test pictures alone leave nothing to choose by.
    if Split.VALIDATION.value in set(evaluated.predictions["split"]):
        show_coverage(evaluated)
    show_strangers(evaluated)
