"""Scores of a classifier on its test pictures, with intervals."""

from __future__ import annotations

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import MultiClassReport, MultiLabelReport
from pages.ui.evaluate.quality.leading import show_leading
from pages.ui.evaluate.quality.leading_choice import show_choice
from pages.ui.evaluate.quality.metric_table import all_metrics, metrics_beside_majority
from pages.ui.evaluate.quality.multi_class import multi_class_headline, multi_class_table
from pages.ui.evaluate.quality.multi_label import multi_label_headline, multi_label_table
from pages.ui.evaluate.quality.test_set import show_resolution, show_teachers, show_use, warn_of_nan


def show_scores(report: MultiClassReport | MultiLabelReport) -> None:
    """Draw what the report alone says: the accuracy, the scores of each class and every metric."""
    if isinstance(report, MultiLabelReport):
        multi_label_headline(report)
        multi_label_table(report)
    else:
        multi_class_headline(report)
        multi_class_table(report)
    all_metrics(report)


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the metric that matters, the accuracy, the scores of each class and every metric."""
    warn_of_nan(evaluated)
    show_leading(evaluated)
    report = evaluated.report
    if isinstance(report, MultiLabelReport):
        multi_label_headline(report)
    else:
        multi_class_headline(report)
    show_resolution(evaluated)
    show_use(evaluated)
    show_teachers(evaluated)
    if isinstance(report, MultiLabelReport):
        multi_label_table(report)
    else:
        multi_class_table(report)
    metrics_beside_majority(evaluated)
    show_choice(evaluated)
