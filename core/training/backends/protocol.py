"""Interface between the training loop and a backend."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import keras
import numpy as np


class Step(Protocol):
    """One step of training on one batch."""

    def __call__(self, inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
        """Change the model's weights once; its metrics collect loss and accuracy."""


class Predict(Protocol):
    """Prediction for one batch."""

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Return logits float32 (B, C), in inference mode."""


class Backend(Protocol):
    """A way to run Keras."""

    name: str
    has_accelerator: bool  # pictures are then augmented on it, not on the processor

    def devices(self) -> AbstractContextManager[object]:
        """Return the context in which a model is built; it mirrors weights on several GPUs."""

    def prepare(self, seed: int) -> None:
        """Set seeds, memory growth and precision; called once before a model is built."""

    def build_metrics(self, model: keras.Model, inputs: np.ndarray, targets: np.ndarray) -> None:
        """Create the metric variables of a compiled model, which are saved with it; one picture is enough."""

    def training_step(self, model: keras.Model) -> Step:
        """Return a fast training step of a compiled model."""

    def prediction(self, model: keras.Model) -> Predict:
        """Return a fast prediction of a model."""

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Return True if an error means that a batch did not fit into memory."""
