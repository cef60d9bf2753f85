"""Answers and report by the thresholds that a user chose."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.labels.layout import Split
from core.evaluation.answers_in_use import answers_in_use, chosen_by_class, report_in_use
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.thresholds.answers import forget_chosen_thresholds, write_chosen_thresholds
from tests.support.made_runs import make_evaluated, make_project

# Probability of “defect” for 4 defects, then 6 good ones.
DEFECT = np.array([0.9, 0.4, 0.35, 0.3, 0.45, 0.2, 0.1, 0.1, 0.1, 0.1])


@pytest.fixture
def evaluated() -> EvaluatedRun:
    counts = {"defect": 4, "good": 6}
    project = make_project({"defect": 10, "good": 10}, counts, counts)
    probabilities = np.stack([DEFECT, 1 - DEFECT], axis=1)
    return make_evaluated(project, "run-1", probabilities, probabilities)


def test_without_a_choice_the_stored_report_holds(evaluated: EvaluatedRun) -> None:
    assert report_in_use(evaluated) is evaluated.report
    assert answers_in_use(evaluated) is evaluated.test
    assert chosen_by_class(evaluated) == {}
    assert evaluated.report.accuracy == 0.7


def test_the_report_is_that_of_the_answers_that_predictions_and_exports_give(evaluated: EvaluatedRun) -> None:
    """All 4 defects are found from 0.3 on, and one good picture is taken for a defect: 9 of 10 are right."""
    write_chosen_thresholds(evaluated.run, (0.3, None), (None, None))
    report = report_in_use(evaluated)
    assert (report.accuracy, report.correct, report.metrics["accuracy"]) == (0.9, 9, 0.9)
    defect, good = report.classes
    assert (defect.recall, defect.precision) == (1.0, 0.8)
    assert good.recall == pytest.approx(5 / 6)
    assert report.accuracy_interval[0] <= 0.9 <= report.accuracy_interval[1]
    # What depends on probabilities alone stays.
    assert report.metrics["roc_auc"] == evaluated.report.metrics["roc_auc"]
    assert report.calibration == evaluated.report.calibration
    assert chosen_by_class(evaluated) == {"defect": 0.3}
    for split in (Split.VALIDATION, Split.TEST):
        assert answers_in_use(evaluated, split).exact_matches.sum() == 9
    forget_chosen_thresholds(evaluated.run)
    assert report_in_use(evaluated) is evaluated.report
