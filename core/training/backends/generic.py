"""Keras's own steps, as they are where nothing has to be compiled: PyTorch trains through them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import keras
import numpy as np

from core.training.backends.protocol import Predict, Step

_OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "out of memory", "OutOfMemory", "can't allocate memory")


class GenericBackend:
    """What needs no knowledge of the backend."""

    def __init__(self) -> None:
        self.name: str = keras.backend.backend()
        # Keras can tell of JAX's devices, not of PyTorch's.
        self.has_accelerator = self.name == "jax" and any(
            not device.startswith("cpu") for device in keras.distribution.list_devices()
        )

    def devices(self) -> AbstractContextManager[object]:
        return nullcontext()

    def prepare(self, seed: int) -> None:
        keras.utils.set_random_seed(seed)

    def build_measures(self, model: keras.Model, inputs: np.ndarray, targets: np.ndarray) -> None:
        model.evaluate(inputs, targets, verbose=0)

    def training_step(self, model: keras.Model) -> Step:
        """The model's own ``train_step``: ``train_on_batch`` would forget the epoch's measures each time."""

        def step(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
            model.train_step(tuple(map(keras.ops.convert_to_tensor, (inputs, targets, weights))))

        return step

    def prediction(self, model: keras.Model) -> Predict:
        def predict(inputs: np.ndarray) -> np.ndarray:
            return np.asarray(model.predict_on_batch(inputs), np.float32)

        return predict

    def is_out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, MemoryError) or any(
            words in f"{type(error).__name__}: {error}" for words in _OUT_OF_MEMORY
        )
