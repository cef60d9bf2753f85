"""Losses are the ones in the books, and every optimiser learns and averages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.data.labels.task import Task
from core.training.batches import Batch, split_batch
from core.training.config import Loss, LossConfig, Optimizer, OptimizerConfig, TrainingConfig
from core.training.networks.compiling import compile_for_training
from core.training.scores import score_logits

LOGITS = np.array([[2.0, -1.0, 0.5]], np.float32)
TARGETS = np.array([[0.0, 0.0, 1.0]], np.float32)
SETTINGS = TrainingConfig(dataset_version=1)


def model_of(settings: TrainingConfig, task: Task = Task.MULTI_CLASS, **options: Any) -> Any:
    import keras

    inputs = keras.Input((3,))
    dense = keras.layers.Dense(3, kernel_initializer="identity")
    model = keras.Model(inputs, dense(inputs))
    compile_for_training(model, settings, task, **({"average": False, "micro_batches": 1} | options))
    return model


def loss_of(loss: LossConfig, task: Task) -> float:
    return float(model_of(replace(SETTINGS, loss=loss), task).evaluate(LOGITS, TARGETS, verbose=0)[0])


def probabilities() -> np.ndarray:
    exponentials = np.exp(LOGITS[0].astype(float))
    return exponentials / exponentials.sum()


def test_cross_entropy_with_and_without_smoothing() -> None:
    p = probabilities()
    assert loss_of(LossConfig(), Task.MULTI_CLASS) == pytest.approx(-np.log(p[2]), rel=1e-5)
    smooth = np.array([0.1, 0.1, 0.8])  # 0.3 shared by three classes
    expected = -(smooth * np.log(p)).sum()
    assert loss_of(LossConfig(label_smoothing=0.3), Task.MULTI_CLASS) == pytest.approx(expected, rel=1e-5)


def test_the_focal_loss_counts_right_pictures_less() -> None:
    p = probabilities()[2]
    expected = -((1 - p) ** 2.0) * np.log(p)
    assert loss_of(LossConfig(kind=Loss.FOCAL), Task.MULTI_CLASS) == pytest.approx(expected, rel=1e-4)


def test_each_label_has_a_loss_of_its_own() -> None:
    q = 1 / (1 + np.exp(-LOGITS[0].astype(float)))
    expected = -np.log([1 - q[0], 1 - q[1], q[2]]).mean()
    assert loss_of(LossConfig(), Task.MULTI_LABEL) == pytest.approx(expected, rel=1e-4)


def test_training_and_validation_count_the_same_pictures_as_right() -> None:
    """With several labels, a picture is right if all of them are: here one of three, with 7 of 9 right labels."""
    logits = np.array([[2.0, -1.0, 0.5], [1.0, 1.0, -1.0], [-3.0, -1.0, -2.0]], np.float32)
    targets = np.array([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.7]], np.float32)
    model = model_of(SETTINGS, Task.MULTI_LABEL)
    accuracy = model.evaluate(logits, targets, verbose=0)[1]
    assert accuracy == pytest.approx(1 / 3)
    assert score_logits(logits, targets, Task.MULTI_LABEL).accuracy == pytest.approx(1 / 3)


@pytest.mark.parametrize("kind", Optimizer)
def test_every_optimiser_makes_the_loss_smaller(kind: Optimizer) -> None:
    settings = replace(SETTINGS, optimizer=OptimizerConfig(kind=kind, learning_rate=0.05))
    model = model_of(settings)
    before = model.evaluate(LOGITS, TARGETS, verbose=0)[0]
    for _ in range(5):
        model.train_on_batch(LOGITS, TARGETS)
    assert model.evaluate(LOGITS, TARGETS, verbose=0)[0] < before


def test_the_average_of_the_weights_lies_between_them() -> None:
    """Put in their place it moves less than they did."""
    model = model_of(replace(SETTINGS, optimizer=OptimizerConfig(learning_rate=0.05)), average=True)
    start = np.array(model.trainable_variables[0])
    for _ in range(10):
        model.train_on_batch(LOGITS, TARGETS)
    reached = np.array(model.trainable_variables[0])
    model.optimizer.finalize_variable_values(model.trainable_variables)
    averaged = np.array(model.trainable_variables[0])
    assert 0 < np.abs(averaged - start).max() < np.abs(reached - start).max()


def test_several_small_batches_change_the_weights_once() -> None:
    model = model_of(replace(SETTINGS, optimizer=OptimizerConfig(learning_rate=0.05)), micro_batches=2)
    start = np.array(model.trainable_variables[0])
    model.train_on_batch(LOGITS, TARGETS)
    np.testing.assert_array_equal(np.array(model.trainable_variables[0]), start)
    model.train_on_batch(LOGITS, TARGETS)
    assert np.abs(np.array(model.trainable_variables[0]) - start).max() > 0


def trained_in_parts(parts: int, *, average: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Weights, and their average, after batches of 7 pictures that are split into so many parts."""
    from core.training.backends import current_backend

    settings = replace(SETTINGS, optimizer=OptimizerConfig(learning_rate=0.05))
    model = model_of(settings, average=average, micro_batches=parts)
    step = current_backend().training_step(model)
    generator = np.random.default_rng(0)
    for _ in range(30):
        batch = Batch(
            inputs=generator.normal(size=(7, 3)).astype(np.float32),
            targets=np.eye(3, dtype=np.float32)[generator.integers(3, size=7)],
            weights=generator.uniform(0.2, 3, 7).astype(np.float32),
        )
        for part in split_batch(batch, parts):
            step(part.inputs, part.targets, part.weights)
    weights = np.array(model.trainable_variables[0])
    model.optimizer.finalize_variable_values(model.trainable_variables)
    return weights, np.array(model.trainable_variables[0])


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_parts_of_unequal_size_change_the_weights_as_the_whole_batch_does(parts: int) -> None:
    whole, in_parts = trained_in_parts(1)[0], trained_in_parts(parts)[0]
    np.testing.assert_allclose(in_parts, whole, atol=1e-6)


def test_the_average_remembers_as_many_batches_whatever_their_parts() -> None:
    whole, in_parts = trained_in_parts(1, average=True), trained_in_parts(4, average=True)
    # The last batch counts in part; without a momentum of the parts, the difference is 20 times larger.
    assert np.abs(in_parts[1] - whole[1]).max() < 0.02 * np.abs(whole[1] - whole[0]).max()


def test_measures_are_those_that_keras_makes_when_it_evaluates() -> None:
    """They are saved by their place: in another order a run could not go on from its checkpoint."""
    from core.training.backends import current_backend

    built, evaluated = model_of(SETTINGS), model_of(SETTINGS)
    current_backend().build_metrics(built, LOGITS, TARGETS)
    evaluated.evaluate(LOGITS, TARGETS, verbose=0)
    found, expected = built.metrics_variables, evaluated.metrics_variables
    assert [variable.path.split("/")[-1] for variable in found] == [
        variable.path.split("/")[-1] for variable in expected
    ]
    assert len(expected) == 4  # sum and count of loss and accuracy
    for ours, keras_own in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, keras_own)
