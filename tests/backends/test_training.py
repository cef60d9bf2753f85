"""Training on another backend keeps the promises that it keeps on TensorFlow."""

from __future__ import annotations

import os

import keras
import numpy as np
import pytest

from core.files import read_json_lines
from core.models.augmentation import AugmentationConfig
from core.training.backends import current_backend
from core.training.config import HeadConfig, Optimizer, OptimizerConfig, Recipe, TrainingConfig
from core.training.job import train
from core.training.networks import loop
from core.workspace import Project
from tests.support.kill_resume import Disk, Killed, assert_same, directory_of, limit_memory, outcome

SCRATCH = TrainingConfig(
    dataset_version=1,
    backbone="small_cnn",
    recipe=Recipe.SCRATCH,
    augmentation=AugmentationConfig(rotation=0.05, mixup=0.2),
    batch_size=8,
    epochs=2,
    seed=3,
)


@pytest.fixture(autouse=True)
def _every_step_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a minute, which no test has."""
    monkeypatch.setattr(loop, "_SAVE_WITHIN_EPOCH_SECONDS", 0.0)
    monkeypatch.setattr(loop, "_SAVE_EPOCHS_SECONDS", 0.0)


def small_model() -> keras.Model:
    """Three numbers to two logits, compiled; the same each time."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.2), keras.layers.Dense(2)])
    model.compile(
        optimizer=keras.optimizers.SGD(0.0),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
    return model


def test_these_tests_run_on_another_backend() -> None:
    assert keras.backend.backend() == current_backend().name == os.environ["KERAS_BACKEND"] != "tensorflow"


def test_measures_are_of_all_steps_since_the_epoch_began() -> None:
    """Keras's ``train_on_batch`` forgets them at each step, and the curve would show the last batch."""
    model = small_model()
    step, predict = current_backend().training_step(model), current_backend().prediction(model)
    inputs = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    # What the model says itself is wrong in the second batch and right in the first.
    answers = predict(inputs).argmax(axis=1)
    answers[8:] = 1 - answers[8:]
    targets, weights = np.eye(2, dtype=np.float32)[answers], np.ones(12, np.float32)
    model.layers[0].rate = 0.0
    model.evaluate(inputs[:1], targets[:1], verbose=0)
    model.reset_metrics()
    for part in (slice(0, 8), slice(8, 12)):
        step(inputs[part], targets[part], weights[part])
    accuracy = float(model.get_metrics_result()["accuracy"])
    assert accuracy == pytest.approx(8 / 12)


def test_a_killed_run_ends_as_one_that_was_not(few_digits: Project) -> None:
    """In the middle of an epoch: weights, optimiser, measures and the seeds of dropout go on."""
    head = HeadConfig(hidden_units=(8,), dropout_rate=0.3)
    settings = TrainingConfig.from_json(SCRATCH.to_json() | {"head": head.to_json()})
    whole, killed = directory_of(few_digits, "run-whole"), directory_of(few_digits, "run-killed")
    asked = Disk(whole)
    train(whole, settings.to_json(), asked)
    for kill_after in (2, asked.batches // 2):
        with pytest.raises(Killed):
            train(killed, settings.to_json(), Disk(killed, kill_after=kill_after))
    train(killed, settings.to_json(), Disk(killed))
    assert len(outcome(whole)[0]) == 2
    assert_same(whole, killed)


def test_a_hidden_head_is_trained_whatever_the_memory_holds(
    few_digits: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On features of the real backbone; gradients of halves are averaged before a weight changes."""
    head = HeadConfig(hidden_units=(8,), dropout_rate=0.0)
    settings = TrainingConfig(dataset_version=1, head=head, batch_size=8, epochs=2, seed=1)
    whole, poor = directory_of(few_digits, "run-whole"), directory_of(few_digits, "run-poor")
    train(whole, settings.to_json(), Disk(whole))
    limit_memory(monkeypatch, most=4)
    result = train(poor, settings.to_json(), Disk(poor))
    assert [note["values"]["size"] for note in result["training"]["notes"]] == [4]
    hidden, other = (
        [record for record in outcome(run)[0] if record["phase"] == "hidden_layers"] for run in (whole, poor)
    )
    assert len(hidden) == len(other) == 2
    for record, same in zip(hidden, other, strict=True):
        for name in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
            assert record[name] == pytest.approx(same[name], rel=1e-3, abs=1e-5)


def test_the_last_blocks_of_a_backbone_are_trained(few_digits: Project) -> None:
    """The stem is converted, its outputs are cached, and the last blocks start from the best head."""
    optimizer = OptimizerConfig(kind=Optimizer.SGD)
    settings = TrainingConfig(
        dataset_version=1,
        recipe=Recipe.BALANCED,
        unfreeze=0.1,
        batch_size=8,
        epochs=1,
        seed=1,
        optimizer=optimizer,
    )
    directory = directory_of(few_digits, "run-1")
    train(directory, settings.to_json(), Disk(directory))
    last = read_json_lines(directory / "metrics.jsonl")[-1]
    assert last["phase"] == "last_blocks"
    assert np.isfinite([last["loss"], last["validation_loss"]]).all()


def test_too_little_memory_is_known_when_the_backend_says_so() -> None:
    with pytest.raises(Exception) as failure:  # noqa: PT011 - each backend has an error of its own
        np.asarray(keras.ops.zeros((1 << 22, 1 << 22)))  # 70 terabytes
    assert current_backend().is_out_of_memory(failure.value)
    assert not current_backend().is_out_of_memory(ValueError("shapes do not match"))
