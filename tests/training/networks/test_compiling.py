"""Losses are the ones in the books, and every optimiser learns and averages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.data.labels.task import Task
from core.training.config import Loss, LossConfig, Optimizer, OptimizerConfig, TrainingConfig
from core.training.networks.compiling import compile_for_training

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
