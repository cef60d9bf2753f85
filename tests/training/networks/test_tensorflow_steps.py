"""Compiled steps of TensorFlow leave nothing behind: a search trains hundreds of networks in one process."""

from __future__ import annotations

import gc

import keras
import numpy as np

from core.data.labels.task import Task
from core.training.backends.tensorflow import TensorFlowBackend
from core.training.config import TrainingConfig
from core.training.networks.compiling import compile_for_training


def graphs_of_steps() -> int:
    gc.collect()
    return sum(type(one).__name__ == "FuncGraph" and one.name == "step" for one in gc.get_objects())


def train_a_little() -> None:
    backend = TensorFlowBackend()
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    compile_for_training(
        model, TrainingConfig(dataset_version=1), Task.MULTI_CLASS, average=False, micro_batches=1
    )
    batch = np.ones((8, 4), np.float32), np.eye(3, dtype=np.float32)[np.arange(8) % 3], np.ones(8, np.float32)
    before = [np.array(weights) for weights in model.trainable_variables]
    backend.training_step(model)(*batch)
    assert not np.array_equal(before[0], np.array(model.trainable_variables[0]))


def test_what_was_traced_for_a_network_goes_with_it() -> None:
    before = graphs_of_steps()
    for _network in range(2):
        train_a_little()
        keras.utils.clear_session()
    assert graphs_of_steps() == before
