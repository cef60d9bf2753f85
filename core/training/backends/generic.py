"""Uncompiled Keras steps, used on PyTorch."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import keras
import numpy as np

from core.training.backends.protocol import Predict, Step

_OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "out of memory", "OutOfMemory", "can't allocate memory")


class GenericBackend:
    """Training through Keras's own methods, on any backend."""

    def __init__(self) -> None:
        self.name: str = keras.backend.backend()
        # Keras lists the devices of JAX, not of PyTorch.
        self.has_accelerator = self.name == "jax" and any(
            not device.startswith("cpu") for device in keras.distribution.list_devices()
        )

    def devices(self) -> AbstractContextManager[object]:
        return nullcontext()

    def prepare(self, seed: int) -> None:
        keras.utils.set_random_seed(seed)

    def build_metrics(self, model: keras.Model, inputs: np.ndarray, targets: np.ndarray) -> None:
        model.evaluate(inputs, targets, verbose=0)

    def training_step(self, model: keras.Model) -> Step:
        """Use the model's ``train_step``: ``train_on_batch`` would reset the epoch's metrics each time."""

        def step(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
            model.train_step(tuple(map(keras.ops.convert_to_tensor, (inputs, targets, weights))))

        return step

    def prediction(self, model: keras.Model) -> Predict:
        def predict(inputs: np.ndarray) -> np.ndarray:
            return np.asarray(model.predict_on_batch(inputs), np.float32)

        return predict

    def is_out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, MemoryError) or any(
            message in f"{type(error).__name__}: {error}" for message in _OUT_OF_MEMORY
        )
