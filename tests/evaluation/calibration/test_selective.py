"""Answers only where the classifier is sure: fewer, and more of them right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data.labels.task import Task
from core.evaluation.calibration.selective import (
    confidence_for,
    confidence_that_halves_mistakes,
    confidences,
    coverage_curve,
    measure_selective,
)
from core.evaluation.metrics.predictions import TestPredictions

# Of five pictures, the second and the last are wrong.
CONFIDENCE = np.array([0.9, 0.8, 0.7, 0.7, 0.6])
IS_RIGHT = np.array([True, False, True, True, False])


def predictions(confidence: np.ndarray = CONFIDENCE, is_right: np.ndarray = IS_RIGHT) -> TestPredictions:
    probabilities = np.stack([confidence, 1 - confidence], axis=1).astype(np.float32)
    return TestPredictions(
        task=Task.MULTI_CLASS,
        targets=np.stack([is_right, ~is_right], axis=1),
        predicted=np.tile([True, False], (len(confidence), 1)),
        probabilities=probabilities,
    )


def test_the_curve_counts_right_answers_among_the_surest() -> None:
    """Two equally sure ones are one point."""
    curve = coverage_curve(predictions())
    np.testing.assert_allclose(curve.coverage, [0.2, 0.4, 0.8, 1.0])
    np.testing.assert_allclose(curve.accuracy, [1, 1 / 2, 3 / 4, 3 / 5])
    np.testing.assert_allclose(curve.least_confidence, [0.9, 0.8, 0.7, 0.6], rtol=1e-6)


def test_the_lowest_sufficient_confidence_is_chosen() -> None:
    """Three of four are right from 0.7 on, although only one of two from 0.8 on."""
    assert confidence_for(predictions(), 0.75) == pytest.approx(0.7)
    assert confidence_for(predictions(), 0.76) == pytest.approx(0.9)
    assert confidence_for(predictions(is_right=~IS_RIGHT), 0.9) is None


def test_half_the_mistakes_are_left_out() -> None:
    """Three of five are right, so four of five shall be."""
    assert confidence_that_halves_mistakes(predictions()) == pytest.approx(0.9)
    assert confidence_that_halves_mistakes(predictions(is_right=np.ones(5, bool))) is None
    empty = predictions(CONFIDENCE[:0], IS_RIGHT[:0])
    assert confidence_that_halves_mistakes(empty) is None


def test_a_least_confidence_is_measured_with_intervals() -> None:
    many = predictions(np.tile(CONFIDENCE, 40), np.tile(IS_RIGHT, 40))
    found = measure_selective(many, 0.65)
    assert (found.answered, found.coverage, found.accuracy) == (160, 0.8, 0.75)
    assert found.coverage_interval == pytest.approx((0.739, 0.850), abs=0.001)  # Wilson, 160 of 200
    assert found.accuracy_interval == pytest.approx((0.678, 0.811), abs=0.001)  # 120 of 160


def test_no_answer_at_all_is_measured_too() -> None:
    found = measure_selective(predictions(), 0.95)
    assert (found.answered, found.coverage, found.accuracy) == (0, 0.0, 1.0)
    assert found.accuracy_interval == (0.0, 1.0)


def test_the_confidence_is_that_of_the_given_answer() -> None:
    """With several labels, that of all of them; with thresholds, perhaps not the most probable one."""
    other = replace(predictions(), predicted=np.tile([False, True], (5, 1)))
    np.testing.assert_allclose(confidences(other), 1 - CONFIDENCE, rtol=1e-6)
    several = TestPredictions(
        task=Task.MULTI_LABEL,
        targets=np.array([[True, False]]),
        predicted=np.array([[True, False]]),
        probabilities=np.array([[0.9, 0.3]], np.float32),
    )
    np.testing.assert_allclose(confidences(several), [0.63], rtol=1e-6)
