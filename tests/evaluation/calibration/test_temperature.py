"""Temperature: found again where it is known, and harmless where little is known."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.labels.task import Task
from core.evaluation.calibration.temperature import LEAST_PICTURES, fit_temperatures, with_temperatures
from core.models.head import HeadWeights, sigmoid, softmax


def drawn(count: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels that follow the softmax of logits, and the same logits ``temperature`` times too large."""
    random = np.random.default_rng(seed)
    logits = 2 * random.normal(size=(count, 4))
    labels = (softmax(logits).cumsum(axis=1) > random.random((count, 1))).argmax(axis=1)
    return np.eye(4, dtype=bool)[labels], (temperature * logits).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    targets, logits = drawn(20_000, temperature)
    assert fit_temperatures(Task.MULTI_CLASS, targets, logits) == pytest.approx([temperature] * 4, rel=0.05)


def test_each_class_of_a_multi_label_task_has_its_own() -> None:
    random = np.random.default_rng(0)
    logits = 2 * random.normal(size=(20_000, 2))
    targets = random.random((20_000, 2)) < sigmoid(logits)
    found = fit_temperatures(Task.MULTI_LABEL, targets, (logits * [0.5, 4]).astype(np.float32))
    assert found == pytest.approx([0.5, 4], rel=0.06)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_few_extreme_mistakes_do_not_choose_the_temperature(temperature: float) -> None:
    """Twenty of 2,000 pictures are utterly wrong; the log loss alone finds several times as much."""
    targets, logits = drawn(2000, temperature)
    logits[:20] = 60 * np.roll(targets[:20], 1, axis=1)
    found = fit_temperatures(Task.MULTI_CLASS, targets, logits)[0]
    assert found == pytest.approx(temperature, rel=0.25)


def test_a_few_extreme_labels_do_not_choose_the_temperature() -> None:
    random = np.random.default_rng(0)
    logits = 2 * random.normal(size=(2000, 1))
    shown = random.random((2000, 1)) < sigmoid(logits)
    logits[:20] = np.where(shown[:20], -60, 60)
    assert fit_temperatures(Task.MULTI_LABEL, shown, logits.astype(np.float32))[0] == pytest.approx(
        1, rel=0.25
    )


@pytest.mark.parametrize("task", list(Task))
def test_a_picture_without_numbers_changes_no_temperature(task: Task) -> None:
    """One NaN made every loss NaN, and the first step, 0.06, was taken: probabilities became certain."""
    targets, logits = drawn(200, 1.5)
    expected = fit_temperatures(task, targets, logits)
    with_nan = np.concatenate([logits, np.full((1, 4), np.nan, np.float32)])
    assert fit_temperatures(task, np.concatenate([targets, targets[:1]]), with_nan) == pytest.approx(expected)


def test_few_pictures_choose_no_temperature() -> None:
    targets, logits = drawn(LEAST_PICTURES - 1, 5.0)
    assert fit_temperatures(Task.MULTI_CLASS, targets, logits).tolist() == [1] * 4
    shown = np.zeros((100, 2), bool)
    shown[:50, 0], shown[:3, 1] = True, True
    found = fit_temperatures(Task.MULTI_LABEL, shown, np.where(shown, 2, -1).astype(np.float32))
    assert found[0] != 1
    assert found[1] == 1


def test_answers_that_are_all_right_are_not_certain() -> None:
    """Of 90 sure answers, none is wrong: a little surer is all that this tells."""
    targets = np.eye(3, dtype=bool)[np.arange(90) % 3]
    logits = (5 * targets).astype(np.float32)
    temperature = fit_temperatures(Task.MULTI_CLASS, targets, logits)[0]
    assert 0.6 < temperature < 1
    assert softmax(logits / temperature).max() < 0.9995


def test_probabilities_that_leave_nothing_to_correct_stay() -> None:
    """All 60 are right and were given 0.998: the prior decides."""
    targets = np.eye(2, dtype=bool)[np.arange(60) % 2]
    assert fit_temperatures(Task.MULTI_CLASS, targets, 6.2 * targets)[0] == pytest.approx(0.9, abs=0.05)


def test_labels_that_are_all_right_are_not_certain() -> None:
    shown = np.arange(40)[:, np.newaxis] % 2 == [0, 1]
    logits = np.where(shown, 3, -3).astype(np.float32)
    probabilities = sigmoid(logits / fit_temperatures(Task.MULTI_LABEL, shown, logits))
    assert ((probabilities[shown] > 0.95) & (probabilities[shown] < 0.999)).all()


def test_a_head_takes_the_temperatures_over() -> None:
    random = np.random.default_rng(0)
    layers = ((random.normal(size=(5, 6)), random.normal(size=6)), (random.normal(size=(6, 3)), np.ones(3)))
    head = HeadWeights(feature_mean=np.zeros(5), feature_scale=np.ones(5), layers=layers)
    features, temperatures = random.normal(size=(7, 5)), np.full(3, 2.5)
    expected = softmax(head.logits(features) / 2.5)
    np.testing.assert_allclose(
        head.with_temperatures(temperatures).probabilities(features), expected, atol=1e-6
    )


@pytest.mark.parametrize("task", list(Task))
def test_probabilities_without_a_head_take_temperatures_too(task: Task) -> None:
    """Twice the logits of 0.8 and 0.2: 0.64 to 0.04, so 16 of 17."""
    mean, temperatures = np.array([[0.8, 0.2], [1.0, 0.0]], np.float32), np.array([0.5, 0.5])
    scaled = with_temperatures(task, mean, temperatures)
    np.testing.assert_allclose(scaled[0], [16 / 17, 1 / 17], rtol=1e-6)
    np.testing.assert_allclose(scaled[1], [1, 0], atol=1e-6)
    np.testing.assert_array_equal(with_temperatures(task, mean, np.ones(2)), mean)
