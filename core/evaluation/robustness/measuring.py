"""Scores under corruptions: accuracy, recall by class, and the paired loss with intervals by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.comparison.differences import change_interval
from core.evaluation.metrics.intervals import Interval, fraction_interval
from core.evaluation.robustness.corruptions import Corruption
from core.evaluation.robustness.records import Condition, CorruptionResult, RobustnessReport


@dataclass(frozen=True, kw_only=True)
class CorruptedAnswers:
    """Answers on n pictures: as they are, then at every strength of each corruption in order."""

    targets: np.ndarray  # bool (n, classes)
    predicted: np.ndarray  # bool (1 + corruptions × strengths, n, classes)
    confidence: np.ndarray  # float32 (1 + corruptions × strengths, n): probability of the answer
    groups: np.ndarray  # (n,), equal for pictures that belong together


def measure_robustness(
    answers: CorruptedAnswers,
    corruptions: Sequence[Corruption],
    class_names: Sequence[str],
    *,
    test_pictures: int,
) -> RobustnessReport:
    """Measure every corruption at every strength against the same pictures as they are."""
    is_right = (answers.predicted == answers.targets).all(axis=2)
    lost = is_right[0].astype(np.float64) - is_right
    shown = np.flatnonzero(answers.targets.any(axis=0)).tolist()

    def condition(index: int, strength: float) -> Condition:
        recalls, recall_intervals = _recalls(answers, index, shown)
        return Condition(
            strength=strength,
            accuracy=float(is_right[index].mean()),
            accuracy_interval=fraction_interval(is_right[index], answers.groups),
            drop=float(lost[index].mean()),
            drop_interval=change_interval(lost[index], answers.groups),
            recalls=recalls,
            recall_intervals=recall_intervals,
        )

    conditions = [
        condition(index, strength)
        for index, strength in enumerate((strength for row in corruptions for strength in row.strengths), 1)
    ]
    return RobustnessReport(
        pictures=len(answers.targets),
        test_pictures=test_pictures,
        groups=len(np.unique(answers.groups)),
        class_names=tuple(class_names[index] for index in shown),
        support=tuple(answers.targets[:, shown].sum(axis=0).tolist()),
        clean=condition(0, 0.0),
        corruptions=_by_corruption(corruptions, conditions),
    )


def _recalls(
    answers: CorruptedAnswers, index: int, shown: Sequence[int]
) -> tuple[tuple[float, ...], tuple[Interval, ...]]:
    values, intervals = [], []
    for column in shown:
        chosen = answers.targets[:, column]
        is_found = answers.predicted[index, chosen, column]
        values.append(float(is_found.mean()))
        intervals.append(fraction_interval(is_found, answers.groups[chosen]))
    return tuple(values), tuple(intervals)


def _by_corruption(
    corruptions: Sequence[Corruption], conditions: Sequence[Condition]
) -> tuple[CorruptionResult, ...]:
    results, start = [], 0
    for row in corruptions:
        end = start + len(row.strengths)
        results.append(CorruptionResult(code=row.code, conditions=tuple(conditions[start:end])))
        start = end
    return tuple(results)
