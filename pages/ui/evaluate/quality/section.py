"""Scores of a classifier on its test pictures, with intervals."""

from __future__ import annotations

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import MultiLabelReport
from pages.ui.evaluate.quality.metric_table import all_metrics
from pages.ui.evaluate.quality.multi_class import multi_class_scores
from pages.ui.evaluate.quality.multi_label import multi_label_scores
from pages.ui.evaluate.quality.test_set import show_resolution, show_use


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the accuracy, the scores of each class and every metric."""
    if isinstance(evaluated.report, MultiLabelReport):
        multi_label_scores(evaluated.report)
    else:
        multi_class_scores(evaluated.report)
    all_metrics(evaluated.report)
    show_resolution(evaluated)
    show_use(evaluated)
