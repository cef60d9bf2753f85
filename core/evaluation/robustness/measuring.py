"""Scores under corruptions: accuracy, recall by class, and the paired loss with intervals by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.metrics.bootstrap import RESAMPLES, weights_of_groups
from core.evaluation.metrics.intervals import Interval, bootstrap_interval, fraction_interval
from core.evaluation.robustness.corruptions import Corruption
from core.evaluation.robustness.records import Condition, CorruptionResult, RobustnessReport
from core.statistics import wilson_interval

_SAME = 1e-9


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
    drops = is_right[0].mean() - is_right.mean(axis=1)
    intervals = drop_intervals(is_right, answers.groups)
    shown = np.flatnonzero(answers.targets.any(axis=0)).tolist()

    def condition(index: int, strength: float) -> Condition:
        recalls, recall_intervals = _recalls(answers, index, shown)
        return Condition(
            strength=strength,
            accuracy=float(is_right[index].mean()),
            accuracy_interval=fraction_interval(is_right[index], answers.groups),
            drop=float(drops[index]),
            drop_interval=intervals[index],
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


def drop_intervals(is_right: np.ndarray, groups: np.ndarray, *, resamples: int = RESAMPLES) -> list[Interval]:
    """Compute 95% intervals of the loss of accuracy against the first condition, paired by picture.

    Groups are drawn with replacement, each with its pictures under all conditions.

    Args:
        is_right: bool (conditions, n).
        groups: (n,), equal for pictures that belong together.
    """
    lost = is_right[0].astype(np.float32) - is_right
    indices = np.unique(groups, return_inverse=True)[1]
    count = int(indices.max()) + 1
    sizes = np.bincount(indices).astype(np.float32)
    sums = np.stack([np.bincount(indices, weights=row, minlength=count) for row in lost], axis=1)
    drawn = [
        (times @ sums.astype(np.float32)) / (times @ sizes)[:, np.newaxis]
        for times in weights_of_groups(count, resamples=resamples, seed=0)
    ]
    samples = np.concatenate(drawn).astype(np.float64)
    return [
        bootstrap_interval(float(row.mean()), column, count, is_fraction=False)
        or _around(float(row.mean()), count)
        for row, column in zip(lost, samples.T, strict=True)
    ]


def _around(drop: float, groups: int) -> Interval:
    """Interval where every group lost the same: as far as Wilson's of none of so many groups."""
    reach = wilson_interval(0, groups)[1]
    return max(-1.0, drop - reach), min(1.0, drop + reach)


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
