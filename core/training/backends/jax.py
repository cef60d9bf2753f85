"""JAX backend: compiled steps on one device, with the model's variables passed in and out."""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np

from core.training.backends.generic import GenericBackend
from core.training.backends.protocol import Predict, Step


class JaxBackend(GenericBackend):
    """Keras on JAX.

    ``train_on_batch`` would reset the epoch's metrics at each step. It compiles nothing
    with ``jit_compile`` off, which TensorFlow requires.
    """

    def training_step(self, model: keras.Model) -> Step:
        """Compile the model's ``train_step`` once for each shape of batch."""
        compiled = jax.jit(model.train_step, donate_argnums=0)
        shapes: set[tuple[int, ...]] = set()

        def step(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
            variables = _variables(model)
            state = [[variable.value for variable in part] for part in variables]
            _, state = compiled(state, (inputs, targets, weights))
            if inputs.shape not in shapes:  # running out of memory surfaces here, not at a later read
                jax.block_until_ready(state)
                shapes.add(inputs.shape)
            for part, values in zip(variables, state, strict=True):
                for variable, value in zip(part, values, strict=True):
                    variable.assign(value)

        return step

    def prediction(self, model: keras.Model) -> Predict:
        @jax.jit
        def answer(trainable: list[Any], others: list[Any], inputs: Any) -> Any:
            return model.stateless_call(trainable, others, inputs, training=False)[0]

        def predict(inputs: np.ndarray) -> np.ndarray:
            trainable, others = (
                [variable.value for variable in part]
                for part in (model.trainable_variables, model.non_trainable_variables)
            )
            return np.asarray(answer(trainable, others, inputs), np.float32)

        return predict


def _variables(model: keras.Model) -> tuple[list[Any], ...]:
    """Return all variables that a step may change, in the order of Keras's state for JAX."""
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
