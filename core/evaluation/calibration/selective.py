"""Selective answers: the classifier answers only where it is sure enough (Geifman and El-Yaniv 2017).

The fewer pictures it answers (coverage), the more of the answers are right. The least
confidence is chosen on validation pictures, and measured on test pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task
from core.evaluation.metrics.intervals import Interval, fraction_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class SelectiveAnswers(Record):
    """Answers above a least confidence."""

    answered: int
    # Fraction of all pictures that are answered.
    coverage: float
    coverage_interval: Interval
    # Fraction of the answers that are right; 1 without any.
    accuracy: float
    accuracy_interval: Interval


@dataclass(frozen=True, kw_only=True)
class CoverageCurve:
    """Coverage and accuracy at each different confidence, from the highest down."""

    least_confidence: np.ndarray  # float64 (m,)
    coverage: np.ndarray  # float64 (m,)
    accuracy: np.ndarray  # float64 (m,)


def confidences(test: TestPredictions) -> np.ndarray:
    """Probability that each whole answer is right, if classes of several labels were independent: float64 (n,)."""
    return certainties(test.task, test.probabilities, test.predicted)


def certainties(task: Task, probabilities: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Compute the same for any answers: float64 (n,).

    Args:
        probabilities: float (n, classes).
        predicted: bool (n, classes).
    """
    exact = probabilities.astype(np.float64)
    if task is Task.MULTI_CLASS:
        return np.where(predicted, exact, 0).sum(axis=1)
    # 0 without an answer, as with one class a picture.
    certainty: np.ndarray = np.nan_to_num(np.where(predicted, exact, 1 - exact).prod(axis=1))
    return certainty


def coverage_curve(test: TestPredictions) -> CoverageCurve:
    """Compute the curve of at least one picture."""
    confidence, is_right = confidences(test), test.exact_matches
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    answered = np.arange(1, len(order) + 1)
    # Equal confidences cannot be separated.
    ends = np.append(ordered[1:] < ordered[:-1], True)
    return CoverageCurve(
        least_confidence=ordered[ends],
        coverage=(answered / len(order))[ends],
        accuracy=(is_right[order].cumsum() / answered)[ends],
    )


def measure_selective(test: TestPredictions, least_confidence: float) -> SelectiveAnswers:
    """Measure the answers with at least this confidence."""
    is_answered, groups = confidences(test) >= least_confidence, test.group_indices
    is_right = test.exact_matches[is_answered]
    return SelectiveAnswers(
        answered=int(is_answered.sum()),
        coverage=float(is_answered.mean()) if len(is_answered) else 0.0,
        coverage_interval=fraction_interval(is_answered, groups),
        accuracy=float(is_right.mean()) if len(is_right) else 1.0,
        accuracy_interval=fraction_interval(is_right, groups[is_answered]),
    )


def confidence_for(validation: TestPredictions, accuracy: float) -> float | None:
    """Choose the lowest confidence above which the validation answers are right with this frequency; None without one."""
    if not len(validation.targets):
        return None
    curve = coverage_curve(validation)
    enough = np.flatnonzero(curve.accuracy >= accuracy)
    return float(curve.least_confidence[enough[-1]]) if len(enough) else None


def confidence_that_halves_mistakes(validation: TestPredictions) -> float | None:
    """Choose the lowest confidence above which half as many validation answers are wrong; None without mistakes."""
    mistakes = 1 - validation.exact_matches.mean() if len(validation.targets) else 0.0
    return confidence_for(validation, 1 - mistakes / 2) if mistakes else None
