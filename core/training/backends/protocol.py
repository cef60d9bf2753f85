"""What the training loop asks of a backend."""

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
    """Answers for one batch."""

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """float32 logits (B, C); nothing is dropped or changed at random."""


class Backend(Protocol):
    """One way to run Keras."""

    name: str
    has_accelerator: bool  # pictures are then changed there, too, and not on the processor

    def devices(self) -> AbstractContextManager[object]:
        """The context in which a model is built: on several GPUs, its weights are mirrored there."""

    def prepare(self, seed: int) -> None:
        """Set chance, memory growth and precision; called once before a model is built."""

    def build_measures(self, model: keras.Model, inputs: np.ndarray, targets: np.ndarray) -> None:
        """Make the variables of a compiled model's measures, which are saved with it; a picture is enough."""

    def training_step(self, model: keras.Model) -> Step:
        """A fast step of a compiled model."""

    def prediction(self, model: keras.Model) -> Predict:
        """A fast answer of a model."""

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether an error says that a batch was too large for the memory."""
