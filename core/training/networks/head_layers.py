"""Trainable head as Keras layers, and its conversion to plain arrays."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from core.data.labels.task import Task
from core.models.head import GRID_CELLS, Activation, HeadWeights
from core.training.config import HeadConfig


class TrainableHead:
    """Dense layers on features, part of a model while it is trained."""

    def __init__(
        self, config: HeadConfig, num_classes: int, task: Task, start: HeadWeights | None = None
    ) -> None:
        """Prepare the layers.

        Args:
            start: initial weights; None for random. Their standardisation becomes part of the
                first layer, and no batch norm is added.
        """
        self._activation: Activation = "sigmoid" if task is Task.MULTI_LABEL else "softmax"
        self._config = config
        self._start = start.folded_layers() if start else None
        units = [len(bias) for _, bias in self._start] if self._start else [*config.hidden_units, num_classes]
        penalty = keras.regularizers.L2(config.l2) if config.l2 else None
        self._dense = [
            layers.Dense(size, kernel_regularizer=penalty, dtype="float32", name=f"head_dense_{number}")
            for number, size in enumerate(units)
        ]
        self._norms: list[layers.BatchNormalization | None] = [None] * len(units)
        if config.batch_norm and start is None:
            self._norms = [
                layers.BatchNormalization(dtype="float32", name=f"head_norm_{number}")
                for number in range(len(units) - 1)
            ]
            self._norms.append(None)

    def __call__(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Return logits float32 (B, C) of features (B, F)."""
        x = features
        for number, (dense, norm) in enumerate(zip(self._dense, self._norms, strict=True)):
            if self._config.dropout_rate:
                x = layers.Dropout(self._config.dropout_rate, name=f"head_dropout_{number}")(x)
            x = dense(x)
            x = norm(x) if norm is not None else x
            if number < len(self._dense) - 1:
                x = layers.ReLU(name=f"head_relu_{number}")(x)
        if self._start:
            for dense, weights in zip(self._dense, self._start, strict=True):
                dense.set_weights(list(weights))
        return x

    def weights(self, mean: np.ndarray | None = None, scale: np.ndarray | None = None) -> HeadWeights:
        """Return the current weights, batch norm folded in.

        Args:
            mean, scale: float32 (F,), of the standardisation outside the model.
        """
        pairs = tuple(
            _without_norm(dense, norm) for dense, norm in zip(self._dense, self._norms, strict=True)
        )
        features = pairs[0][0].shape[0]
        return HeadWeights(
            feature_mean=np.zeros(features, np.float32) if mean is None else mean,
            feature_scale=np.ones(features, np.float32) if scale is None else scale,
            layers=pairs,
            activation=self._activation,
        )


def global_pooling(features: keras.KerasTensor) -> keras.KerasTensor:
    """Average (B, GRID_CELLS * F) over the cells to (B, F), as ``head.pool_globally`` does with arrays."""
    cells = layers.Reshape((GRID_CELLS, features.shape[-1] // GRID_CELLS), name="grid_cells")(features)
    return layers.GlobalAveragePooling1D(name="global_pooling")(cells)


def _without_norm(
    dense: layers.Dense, norm: layers.BatchNormalization | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias of a dense layer with the batch norm after it folded in."""
    kernel, bias = (np.asarray(weight, np.float32) for weight in dense.get_weights())
    if norm is None:
        return kernel, bias
    gamma, beta, mean, variance = (np.asarray(weight, np.float32) for weight in norm.get_weights())
    factor = gamma / np.sqrt(variance + norm.epsilon)
    return kernel * factor, (bias - mean) * factor + beta
