"""Robustness results of evaluated runs, as a test of robustness would store them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.answering import answer_table
from core.evaluation.robustness.corruptions import CORRUPTIONS
from core.evaluation.robustness.measuring import CorruptedAnswers, measure_robustness
from core.evaluation.robustness.records import RobustnessReport, write_robustness


def simulated_report(
    targets: np.ndarray, predicted: np.ndarray, breaks: Mapping[str, int], names: tuple[str, ...]
) -> tuple[CorruptedAnswers, RobustnessReport]:
    """Every answer is wrong from the given level of a kind on; at other strengths it is as without changes.

    Args:
        targets, predicted: bool (n, classes), without changes.
    """
    conditions = [predicted]
    for row in CORRUPTIONS:
        for level in range(len(row.strengths)):
            is_broken = level >= breaks.get(row.code, len(row.strengths))
            conditions.append(np.roll(targets, 1, axis=1) if is_broken else predicted)
    answers = CorruptedAnswers(
        targets=targets,
        predicted=np.stack(conditions),
        confidence=np.full((len(conditions), len(targets)), 0.75, np.float32),
        groups=np.arange(len(targets)),
    )
    return answers, measure_robustness(answers, CORRUPTIONS, names, test_pictures=len(targets))


def store_robustness(evaluated: EvaluatedRun, breaks: Mapping[str, int]) -> RobustnessReport:
    """Store the result of such answers on all test pictures of a run."""
    dataset, test = evaluated.dataset, evaluated.test
    answers, report = simulated_report(test.targets, test.predicted, breaks, dataset.class_names)
    rows = evaluated.rows(Split.TEST)
    write_robustness(evaluated, report, answer_table(dataset, rows, answers, CORRUPTIONS))
    return report
