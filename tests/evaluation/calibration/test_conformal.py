"""Prediction sets: the quantile by hand, and the promised coverage in simulation."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.calibration.calibrating import coverage_by_class, prediction_sets
from core.evaluation.calibration.conformal import PROMISES, PredictionSets, least_probability
from tests.support.predictions import multi_class, multi_label


def test_the_quantile_counts_the_new_picture() -> None:
    """Of 99 pictures and the new one, ten may lie below: the tenth lowest is the limit."""
    of_truth = np.arange(1, 100) / 100
    assert least_probability(of_truth, 0.9) == pytest.approx(0.10)
    assert least_probability(of_truth[::-1], 0.8) == pytest.approx(0.20)


def test_too_few_pictures_keep_the_promise_with_every_class() -> None:
    """With 18, one in twenty may lie below only if none of them does."""
    assert least_probability(np.full(18, 0.9), 0.95) == 0
    assert least_probability(np.full(19, 0.9), 0.95) == 0.9
    assert least_probability(np.zeros(0), 0.8) == 0


def test_a_group_counts_as_one_picture() -> None:
    """Nine groups of eleven pictures: one group in ten may lie below, so the lowest is the limit."""
    of_truth = np.arange(1, 100) / 100
    assert least_probability(of_truth, 0.9, np.arange(99) // 11) == pytest.approx(0.01)


def draw(count: int, random: np.random.Generator) -> tuple[list[int], list[list[float]]]:
    scores = 1.5 * random.normal(size=(count, 5))
    labels = random.integers(0, 5, count)
    scores[np.arange(count), labels] += 2
    powers = np.exp(scores)
    return labels.tolist(), (powers / powers.sum(axis=1, keepdims=True)).tolist()


@pytest.mark.parametrize("promise", PROMISES)
@pytest.mark.parametrize("by_class", [False, True])
def test_the_promise_is_kept(promise: float, by_class: bool) -> None:
    random = np.random.default_rng(0)
    found = [
        prediction_sets(
            multi_class(*draw(300, random)), multi_class(*draw(1000, random)), promise, by_class=by_class
        ).coverage
        for _ in range(40)
    ]
    assert np.mean(found) == pytest.approx(promise, abs=0.015)


def test_a_validation_picture_without_an_answer_is_as_far_from_right_as_can_be() -> None:
    """A NaN counted as the surest answer, so that the sets were too small."""
    sure, unanswered = [[0.9, 0.1]] * 17, [[np.nan, np.nan]] * 3
    found = prediction_sets(multi_class([0] * 20, sure + unanswered), multi_class([0], [[0.9, 0.1]]), 0.9)
    assert found.least_probabilities == (0, 0)


def test_sets_of_a_sure_classifier_are_single() -> None:
    labels = [0, 1] * 50
    sure = multi_class(labels, [[0.99, 0.01], [0.01, 0.99]] * 50)
    found = prediction_sets(sure, sure, 0.9)
    assert (found.coverage, found.mean_size, found.single, found.empty) == (1, 1, 1, 0)


def test_labels_shown_are_in_the_set_as_often_as_promised() -> None:
    """Each class of several labels has its own limit."""
    random = np.random.default_rng(0)
    shown = random.random((2000, 3)) < 0.3
    scores = 1 / (1 + np.exp(-(random.normal(size=(2000, 3)) + 3 * shown - 1.5)))
    half = multi_label(shown[:1000].tolist(), scores[:1000].tolist())
    rest = multi_label(shown[1000:].tolist(), scores[1000:].tolist())
    found = prediction_sets(half, rest, 0.9)
    assert found.coverage == pytest.approx(0.9, abs=0.03)
    assert len(set(found.least_probabilities)) == 3


def test_coverage_by_class_counts_the_pictures_of_each() -> None:
    """Of class 0, both are in their sets; of class 1, one of two; class 2 has no test picture."""
    of_classes = [[0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.5, 0.45, 0.05], [0.9, 0.05, 0.05]]
    sets = PredictionSets(
        promise=0.9, least_probabilities=(0.4, 0.4, 0.4), coverage=0.75, coverage_interval=(0.3, 1.0),
        mean_size=1.25, single=0.75, empty=0.0,
    )  # fmt: skip
    found = coverage_by_class(multi_class([0, 0, 1, 1], of_classes), sets)
    assert [(row.index, row.pictures, row.coverage) for row in found] == [(1, 2, 0.5), (0, 2, 1.0)]
    assert found[1].interval[0] < 0.5 < found[1].interval[1]
