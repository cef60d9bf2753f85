"""Scores under corruptions, hand-computed, and intervals of the paired loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.robustness.corruptions import CORRUPTIONS
from core.evaluation.robustness.measuring import CorruptedAnswers, measure_robustness
from core.evaluation.robustness.records import Condition, CorruptionResult

KINDS = CORRUPTIONS[:2]
CONDITIONS = 1 + sum(len(row.strengths) for row in KINDS)


def answers(right: np.ndarray, groups: np.ndarray | None = None) -> CorruptedAnswers:
    """Two classes; ``right`` is bool (conditions, n), and every second picture shows the first class."""
    labels = np.arange(right.shape[1]) % 2
    predicted = np.where(right, labels, 1 - labels)
    each = np.eye(2, dtype=bool)
    return CorruptedAnswers(
        targets=each[labels],
        predicted=each[predicted],
        confidence=np.ones(right.shape, np.float32),
        groups=np.arange(right.shape[1]) if groups is None else groups,
    )


def test_accuracy_drop_and_recalls_are_those_of_the_pictures() -> None:
    right = np.ones((CONDITIONS, 100), bool)
    right[3, :40:2] = False  # 20 of the 50 pictures of the first class
    report = measure_robustness(answers(right), KINDS, ("a", "b", "c"), test_pictures=400)
    condition = report.corruptions[0].conditions[2]
    assert (condition.accuracy, condition.drop) == pytest.approx((0.8, 0.2))
    assert condition.recalls == pytest.approx((0.6, 1.0))
    assert report.class_names == ("a", "b")
    assert (report.pictures, report.test_pictures, report.support) == (100, 400, (50, 50))
    assert report.corruptions[1].code == KINDS[1].code
    assert [row.strength for row in report.corruptions[1].conditions] == list(KINDS[1].strengths)


def test_several_labels_count_a_picture_only_if_all_are_right() -> None:
    both = replace(
        answers(np.ones((CONDITIONS, 50), bool)),
        targets=np.ones((50, 2), bool),
        predicted=np.ones((CONDITIONS, 50, 2), bool),
    )
    both.predicted[1, :10, 1] = False
    condition = measure_robustness(both, KINDS, ("a", "b"), test_pictures=50).corruptions[0].conditions[0]
    assert condition.accuracy == pytest.approx(0.8)
    assert condition.recalls == pytest.approx((1.0, 0.8))


def losses(right: np.ndarray, groups: np.ndarray | None = None) -> Condition:
    """Scores at the mildest strength of the first kind, where only these pictures are right."""
    every = np.ones((CONDITIONS, len(right)), bool)
    every[1] = right
    report = measure_robustness(answers(every, groups), KINDS, ("a", "b"), test_pictures=len(right))
    return report.corruptions[0].conditions[0]


def test_the_interval_of_the_loss_is_that_of_paired_differences() -> None:
    """30 of 300 pictures are lost: the normal interval of their mean is close."""
    low, high = losses(np.arange(300) >= 30).drop_interval
    reach = 1.96 * np.sqrt(0.1 * 0.9 / 300)
    assert (low, high) == pytest.approx((0.1 - reach, 0.1 + reach), abs=0.01)


def test_pictures_of_a_group_count_once() -> None:
    right = np.arange(300) >= 30
    alone = losses(right).drop_interval
    grouped = losses(right, np.arange(300) // 10).drop_interval
    assert grouped[0] < alone[0]
    assert grouped[1] > alone[1]


def test_no_difference_among_few_pictures_proves_little() -> None:
    assert 0.1 < losses(np.ones(10, bool)).drop_interval[1] < 0.35


def condition(low: float) -> Condition:
    return Condition(
        strength=1.0,
        accuracy=0.5,
        accuracy_interval=(0.4, 0.6),
        drop=low + 0.05,
        drop_interval=(low, low + 0.1),
        recalls=(),
        recall_intervals=(),
    )


@pytest.mark.parametrize(
    ("lows", "expected"),
    [
        ((0.0, 0.02, 0.06, 0.1, 0.2), 2),
        ((0.06, 0.0, 0.06, 0.1, 0.2), 2),
        ((0.06, 0.07, 0.08, 0.1, 0.2), 0),
        ((0.0, 0.0, 0.06, 0.1, 0.05), None),
    ],
)
def test_a_break_is_the_mildest_strength_of_an_unbroken_row_of_proven_losses(
    lows: tuple[float, ...], expected: int | None
) -> None:
    result = CorruptionResult(code="blur", conditions=tuple(condition(low) for low in lows))
    assert result.breaks_at == expected
