"""Agreement of a file's answers with those of the evaluation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.delivery.answering import Answers
from core.delivery.certificate.records import Agreement, ClassDifference
from core.delivery.certificate.sample import TestedSample
from core.evaluation.comparison.differences import MetricDifference, accuracy_interval, change_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.thresholds.answers import answered


def measure_agreement(sample: TestedSample, answers: Answers, tolerance: float) -> Agreement:
    """Compare answers with the evaluation's.

    Args:
        tolerance: difference of a probability that rounding explains.
    """
    expected, exported = sample.expected, _exported(sample, answers.probabilities)
    differences = np.abs(exported.probabilities - expected.probabilities)
    is_number = np.isfinite(differences).all(axis=1)
    # A probability that is no number agrees with nothing.
    differences[~is_number] = 1.0
    is_same = is_number & (exported.predicted == expected.predicted).all(axis=1)
    is_tie = ~is_same & (differences.max(axis=1) <= tolerance)
    score_difference, changed_marks = _compare_scores(sample, answers.scores)
    return Agreement(
        pictures=len(is_same),
        same=int(is_same.sum()),
        ties=int(is_tie.sum()),
        largest_difference=float(differences.max()),
        mean_difference=float(differences.mean()),
        accuracy=MetricDifference(
            code="accuracy",
            first=float(expected.exact_matches.mean()),
            second=float(exported.exact_matches.mean()),
            interval=accuracy_interval(expected, exported),
        ),
        classes=tuple(
            _class_difference(name, index, expected, exported)
            for index, name in enumerate(sample.labels.class_names)
        ),
        score_difference=score_difference,
        changed_marks=changed_marks,
    )


def _exported(sample: TestedSample, probabilities: np.ndarray) -> TestPredictions:
    is_number = np.isfinite(probabilities).all(axis=1, keepdims=True)
    # Without an answer, and so never right with one class a picture.
    predicted = answered(sample.expected.task, probabilities, sample.thresholds) & is_number
    return replace(sample.expected, probabilities=probabilities, predicted=predicted)


def _class_difference(
    name: str, index: int, expected: TestPredictions, exported: TestPredictions
) -> ClassDifference:
    shown = expected.targets[:, index]
    if not shown.any():
        return ClassDifference(name=name, pictures=0)
    before, after = (test.predicted[shown, index].astype(np.float64) for test in (expected, exported))
    return ClassDifference(
        name=name,
        pictures=int(shown.sum()),
        evaluated=float(before.mean()),
        exported=float(after.mean()),
        interval=change_interval(after - before, expected.group_indices[shown]),
    )


def _compare_scores(sample: TestedSample, scores: np.ndarray | None) -> tuple[float | None, int | None]:
    """Largest difference of a stranger score, and the number of marks that changed."""
    if scores is None or sample.scores is None:
        return None, None
    difference, limit = float(np.abs(scores - sample.scores).max()), sample.labels.stranger_limit
    if limit is None:
        return difference, None
    return difference, int(((scores > limit) != (sample.scores > limit)).sum())
