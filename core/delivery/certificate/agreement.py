"""Agreement of a file's answers with those of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.delivery.answering import Answers
from core.delivery.certificate.records import Agreement, ClassDifference
from core.delivery.certificate.sample import TestedSample
from core.evaluation.comparison.differences import MetricDifference, accuracy_interval, change_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.thresholds.answers import answered

# A score adds up standard deviations, so rounding changes it more than a probability.
_SCORE_ROUNDING = 10.0


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
    marks = _compare_scores(sample, answers.scores, tolerance)
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
        unanswered=int((~is_number).sum()),
        score_difference=marks.largest_difference,
        changed_marks=marks.changed,
        wrong_marks=marks.wrong,
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


@dataclass(frozen=True, kw_only=True)
class _ScoreComparison:
    """Stranger scores compared, and the marks of strangers that follow from them."""

    # None: the file gives no scores
    largest_difference: float | None = None
    # None: nothing is marked
    changed: int | None = None
    # changed ones that rounding does not explain
    wrong: int = 0


def _compare_scores(sample: TestedSample, scores: np.ndarray | None, tolerance: float) -> _ScoreComparison:
    if scores is None or sample.scores is None:
        return _ScoreComparison()
    is_number = np.isfinite(scores)
    differences = np.where(is_number, np.abs(scores - sample.scores), 0.0)
    largest, limit = float(differences.max()), sample.labels.stranger_limit
    if limit is None:
        return _ScoreComparison(largest_difference=largest)
    # A score that is no number marks nothing rightly.
    is_changed = ((scores > limit) != (sample.scores > limit)) | ~is_number
    is_wrong = is_changed & ~(is_number & (differences <= _SCORE_ROUNDING * tolerance))
    return _ScoreComparison(
        largest_difference=largest, changed=int(is_changed.sum()), wrong=int(is_wrong.sum())
    )
