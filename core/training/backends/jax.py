"""JAX: compiled steps on one device, the model's variables handed in and taken back at each."""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np

from core.training.backends.generic import GenericBackend
from core.training.backends.protocol import Predict, Step


class JaxBackend(GenericBackend):
    """Keras on JAX.

    Its own ``train_on_batch`` would forget the epoch's measures at each step, and
    compiles nothing where ``jit_compile`` is off, as it has to be for TensorFlow.
    """

    def training_step(self, model: keras.Model) -> Step:
        """The model's own ``train_step``, compiled once for each shape of batch."""
        compiled = jax.jit(model.train_step, donate_argnums=0)
        shapes: set[tuple[int, ...]] = set()

        def step(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
            variables = _variables(model)
            state = [[variable.value for variable in part] for part in variables]
            _, state = compiled(state, (inputs, targets, weights))
            if inputs.shape not in shapes:  # too little memory shows here, not at some later look
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
    """Everything that a step may change, in the order of Keras's state for JAX."""
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
