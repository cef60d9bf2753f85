"""TensorFlow backend: compiled steps, several GPUs, memory growth, half precision on fast GPUs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.training.backends.generic import GenericBackend
from core.training.backends.protocol import Predict, Step
from core.training.batches import Batch, split_batch

_HALF_PRECISION_SINCE = (7, 0)  # NVIDIA compute capability of Volta, the first with tensor cores


class TensorFlowBackend(GenericBackend):
    """Keras on TensorFlow."""

    def __init__(self) -> None:
        super().__init__()
        self._gpus = tf.config.list_physical_devices("GPU")
        self.has_accelerator = bool(self._gpus)
        self._strategy = tf.distribute.MirroredStrategy() if len(self._gpus) > 1 else None

    def devices(self) -> AbstractContextManager[object]:
        scope: AbstractContextManager[object] = self._strategy.scope() if self._strategy else nullcontext()
        return scope

    def prepare(self, seed: int) -> None:
        super().prepare(seed)
        if self._gpus:
            for gpu in self._gpus:
                tf.config.experimental.set_memory_growth(gpu, True)
            if all(_is_fast_in_half_precision(gpu) for gpu in self._gpus):
                keras.config.set_dtype_policy("mixed_float16")

    def build_metrics(self, model: keras.Model, inputs: np.ndarray, targets: np.ndarray) -> None:
        """Use an untraced step on one device: tracing takes as long as training a small head."""
        if self._strategy:
            super().build_metrics(model, inputs, targets)
        else:
            model.test_step((tf.constant(inputs), tf.constant(targets)))

    def training_step(self, model: keras.Model) -> Step:
        """Trace the model's ``train_step`` once for each shape of batch.

        XLA stays off: on a CPU it made steps three to four times slower.
        """
        if self._strategy:
            return _mirrored_step(self._strategy, model)
        _keep_gradients_here(model.optimizer)

        @tf.function(jit_compile=False)
        def step(inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> None:
            model.train_step((inputs, targets, weights))

        def call(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
            step(tf.constant(inputs), tf.constant(targets), tf.constant(weights))

        return call

    def prediction(self, model: keras.Model) -> Predict:
        @tf.function(jit_compile=False)
        def answer(inputs: tf.Tensor) -> tf.Tensor:
            return model(inputs, training=False)

        def predict(inputs: np.ndarray) -> np.ndarray:
            logits: np.ndarray = answer(tf.constant(inputs)).numpy()
            return logits.astype(np.float32)

        return predict

    def is_out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, tf.errors.ResourceExhaustedError) or super().is_out_of_memory(error)


def _keep_gradients_here(optimizer: keras.optimizers.Optimizer) -> None:
    """Skip the sum of gradients over devices, of which there is one.

    TensorFlow registers each trace of that sum in a table that is never cleared: a search
    would leak 5 MB with every network that it trains.
    """
    optimizer._all_reduce_sum_gradients = lambda grads_and_vars: grads_and_vars


def _mirrored_step(strategy: Any, model: keras.Model) -> Step:
    """Return a step in which every GPU processes a share of the batch."""
    count = strategy.num_replicas_in_sync

    @tf.function(jit_compile=False)
    def step(*batch: Any) -> None:
        strategy.run(lambda *share: model.train_step(share), args=batch)

    def distributed(arrays: list[np.ndarray]) -> Any:
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(arrays[context.replica_id_in_sync_group])
        )

    def call(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
        shares = split_batch(Batch(inputs=inputs, targets=targets, weights=weights), count)
        step(
            distributed([share.inputs for share in shares]),
            distributed([share.targets for share in shares]),
            distributed([share.weights for share in shares]),
        )

    return call


def _is_fast_in_half_precision(gpu: Any) -> bool:
    details = tf.config.experimental.get_device_details(gpu)
    capability: tuple[int, int] = details.get("compute_capability", (0, 0))
    return capability >= _HALF_PRECISION_SINCE
