"""Answers by the thresholds in use, and the report of these answers.

The stored report is that of a run's default thresholds. Where a user chose others, predictions and
exports answer by those, so whatever travels with an export is measured by them as well.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.assessment import make_report, multi_class_report
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.report import MultiClassReport, MultiLabelReport, report_file
from core.evaluation.thresholds.answers import (
    Thresholds,
    answered,
    answered_by,
    default_thresholds,
    has_chosen_thresholds,
    thresholds_in_use,
)


def answers_in_use(evaluated: EvaluatedRun, split: Split = Split.TEST) -> TestPredictions:
    """Answers to the test pictures, or to the validation pictures, by the thresholds in use."""
    predictions = evaluated.test if split is Split.TEST else evaluated.validation
    if not has_chosen_thresholds(evaluated.run):
        return predictions
    return answered_by(predictions, _in_use(evaluated))


def report_in_use(evaluated: EvaluatedRun) -> MultiClassReport | MultiLabelReport:
    """Report of the answers by the thresholds in use; the stored one where the user chose none.

    Takes seconds for many pictures and classes, once for each choice.
    """
    if not has_chosen_thresholds(evaluated.run) or not len(evaluated.test.targets):
        return evaluated.report
    written = report_file(evaluated.run).stat().st_mtime_ns
    return _measured(evaluated.run, written, len(evaluated.test.targets), _in_use(evaluated))


def chosen_by_class(evaluated: EvaluatedRun) -> dict[str, float]:
    """Thresholds that the user chose instead of the default, by class."""
    names, in_use = evaluated.dataset.class_names, _in_use(evaluated)
    default = default_thresholds(evaluated.report, len(names))
    return {
        name: own
        for name, own, usual in zip(names, in_use, default, strict=True)
        if own is not None and own != usual
    }


def _in_use(evaluated: EvaluatedRun) -> Thresholds:
    return thresholds_in_use(evaluated.run, evaluated.report, len(evaluated.dataset.class_names))


@lru_cache(maxsize=8)
def _measured(
    run: Path, _written: int, _pictures: int, thresholds: Thresholds
) -> MultiClassReport | MultiLabelReport:
    evaluated = EvaluatedRun.open(run)
    dataset, rows = evaluated.dataset, evaluated.rows(Split.TEST)
    probabilities = evaluated.test.probabilities
    if dataset.task is Task.MULTI_LABEL:
        report = make_report(dataset, rows, probabilities, np.array(thresholds, np.float64))
    else:
        predicted = answered(dataset.task, probabilities, thresholds)
        report = multi_class_report(dataset, rows, probabilities, predicted)
    # Probabilities, and sets of classes, depend on no threshold.
    return replace(report, calibration=evaluated.report.calibration)
