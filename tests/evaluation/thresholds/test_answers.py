"""Answers by thresholds, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.labels.task import Task
from core.evaluation.thresholds.answers import (
    answered,
    class_answers,
    has_chosen_thresholds,
    with_threshold,
    write_chosen_thresholds,
)


def test_a_class_is_answered_from_its_threshold_on_else_the_best_other() -> None:
    probabilities = np.array([[0.3, 0.5, 0.2], [0.29, 0.3, 0.41], [0.9, 0.06, 0.04], [0.2, 0.1, 0.7]])
    assert class_answers(probabilities, [0.3, None, None]).tolist() == [0, 2, 0, 2]
    assert class_answers(probabilities, [0.95, None, None]).tolist() == [1, 2, 1, 2]


def test_without_thresholds_the_most_probable_class_is_answered() -> None:
    probabilities = np.array([[0.3, 0.5, 0.2], [0.2, 0.1, 0.7]])
    assert class_answers(probabilities, [None, None, None]).tolist() == [1, 2]


def test_of_two_reached_thresholds_the_one_exceeded_by_the_greater_factor_wins() -> None:
    """0.2 is four times 0.05; 0.7 is 1.4 times 0.5."""
    assert class_answers(np.array([[0.2, 0.7, 0.1]]), [0.05, 0.5, None]).tolist() == [0]


def test_where_every_class_has_a_threshold_and_none_is_reached_the_nearest_is_answered() -> None:
    assert class_answers(np.array([[0.5, 0.3, 0.2]]), [0.9, 0.4, 0.6]).tolist() == [1]


def test_the_threshold_from_costs_gives_the_answer_of_least_expected_cost() -> None:
    """A wrong alarm of 1, a miss of 1 / t - 1: the greatest saving is the greatest ratio (Elkan 2001)."""
    random = np.random.default_rng(0)
    probabilities, limits = random.dirichlet(np.ones(4), 500), np.array([0.1, 0.2, 0.25, 0.4])
    saving = probabilities * (1 / limits - 1) - (1 - probabilities)
    reached = (saving >= 0).any(axis=1)
    answers = class_answers(probabilities, limits.tolist())
    assert reached.sum() > 400
    np.testing.assert_array_equal(answers[reached], saving.argmax(axis=1)[reached])


def test_several_labels_are_answered_each_from_its_threshold_on() -> None:
    answers = answered(Task.MULTI_LABEL, np.array([[0.4, 0.6], [0.2, 0.8]], np.float32), (0.3, 0.7))
    assert answers.tolist() == [[True, False], [False, True]]


def test_one_of_two_classes_has_a_threshold() -> None:
    assert with_threshold(Task.MULTI_CLASS, (0.3, None), 1, 0.6) == (None, 0.6)
    assert with_threshold(Task.MULTI_LABEL, (0.3, 0.5), 1, 0.6) == (0.3, 0.6)
    assert with_threshold(Task.MULTI_CLASS, (0.3, None, None), 1, 0.6) == (0.3, 0.6, None)


def test_a_choice_equal_to_the_default_is_no_choice(tmp_path: Path) -> None:
    write_chosen_thresholds(tmp_path, (0.3, 0.6), (0.3, 0.5))
    assert has_chosen_thresholds(tmp_path)
    write_chosen_thresholds(tmp_path, (0.3, 0.5), (0.3, 0.5))
    assert not has_chosen_thresholds(tmp_path)
