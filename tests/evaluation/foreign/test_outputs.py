"""Outputs become probabilities of the project's classes; what the project does not know is another answer."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.labels.task import Task
from core.evaluation.foreign.facts import Activation, TensorFacts
from core.evaluation.foreign.outputs import activation_of, numbers, of_project, probabilities

ONE, SEVERAL = Task.MULTI_CLASS, Task.MULTI_LABEL


def output(shape: tuple[int, ...] = (0, 3), scale: float = 0.0, zero_point: int = 0) -> TensorFacts:
    return TensorFacts(name="out", shape=shape, dtype="float32", scale=scale, zero_point=zero_point)


def test_quantised_outputs_are_numbers_again() -> None:
    raw = np.array([[0, 128, 255]], np.uint8)
    np.testing.assert_allclose(numbers(raw, output(scale=1 / 256)), [[0.0, 0.5, 255 / 256]])
    shifted = numbers(np.array([[-128, 0, 127]], np.int8), output(scale=1 / 256, zero_point=-128))
    np.testing.assert_allclose(shifted, [[0, 0.5, 255 / 256]])


@pytest.mark.parametrize(
    ("values", "meaning"),
    [
        ([[0.2, 0.8], [1.0, 0.0]], Activation.SOFTMAX),
        ([[0.9, 0.8], [0.1, 0.0]], Activation.SIGMOID),
        ([[-2.0, 0.8], [0.1, 0.0]], Activation.LOGITS),
    ],
)
def test_the_meaning_of_outputs_is_found_from_their_values(
    values: list[list[float]], meaning: Activation
) -> None:
    assert activation_of(np.array(values, np.float32)) is meaning


def test_one_output_is_the_probability_of_the_second_class() -> None:
    values = numbers(np.array([[0.25], [1.0]], np.float32), output((0, 1)))
    np.testing.assert_allclose(values, [[0.75, 0.25], [0.0, 1.0]])
    logits = numbers(np.array([[np.log(3)], [-2.0]], np.float32), output((0, 1)))
    np.testing.assert_allclose(probabilities(logits, Activation.LOGITS, ONE)[0], [0.25, 0.75], rtol=1e-6)
    known = numbers(np.array([[0.5]], np.float32), output((0, 1)), Activation.LOGITS)
    np.testing.assert_allclose(known, [[0.0, 0.5]])


def test_logits_and_independent_scores_add_up_where_a_picture_has_one_class() -> None:
    logits = np.log(np.array([[1, 3]], np.float32)) + 100
    np.testing.assert_allclose(probabilities(logits, Activation.LOGITS, ONE), [[0.25, 0.75]], rtol=1e-4)
    scores = np.array([[0.2, 0.6]], np.float32)
    np.testing.assert_allclose(probabilities(scores, Activation.SIGMOID, ONE), [[0.25, 0.75]], rtol=1e-6)
    np.testing.assert_allclose(probabilities(scores, Activation.SIGMOID, SEVERAL), scores)
    one_each = probabilities(np.log(np.array([[3.0, 1.0]], np.float32)), Activation.LOGITS, SEVERAL)
    np.testing.assert_allclose(one_each, [[0.75, 0.5]], rtol=1e-6)


VALUES = np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)
NAMES = ("cat", "kitten", "dog", "horse")
MAPPING = {"cat": "Cat", "kitten": "Cat", "dog": "Dog"}


def test_unknown_classes_are_another_answer_and_lacking_ones_have_no_chance() -> None:
    answers = of_project(VALUES, NAMES, MAPPING, ("Bird", "Cat", "Dog"), ONE)
    np.testing.assert_allclose(answers, [[0, 0.3, 0.3, 0.4]], rtol=1e-6)


def test_there_is_no_other_answer_where_every_class_is_known() -> None:
    answers = of_project(VALUES, NAMES, MAPPING | {"horse": "Bird"}, ("Bird", "Cat", "Dog"), ONE)
    np.testing.assert_allclose(answers, [[0.4, 0.3, 0.3]], rtol=1e-6)


def test_with_several_labels_unknown_classes_say_nothing() -> None:
    answers = of_project(VALUES, NAMES, MAPPING, ("Bird", "Cat", "Dog"), SEVERAL)
    np.testing.assert_allclose(answers, [[0, 0.2, 0.3]], rtol=1e-6)
