"""VICReg objective on two copies of each picture (Bardes et al. 2022, arXiv 2105.04906). Imported by workers only."""

from __future__ import annotations

import keras
from keras import layers, ops

PROJECTED_SIZE = 512
_HIDDEN_UNITS = 512
# Shares of invariance, variance and covariance, as published, divided by 25.
INVARIANCE, VARIANCE, COVARIANCE = 1.0, 1.0, 1 / 25
_EPSILON = 1e-4


class VicRegLoss(keras.losses.Loss):
    """Loss that is low where copies of a picture are alike, pictures differ, and features say different things.

    Outputs are projections float32 (B, 2, D), two copies of each picture; targets are ignored.
    """

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return the loss of the batch for each of its pictures, float32 (B,)."""
        projections = ops.cast(y_pred, "float32")
        invariance = ops.mean(ops.square(projections[:, 0] - projections[:, 1]))
        spreads = [_spread(projections[:, turn]) for turn in (0, 1)]
        variance = (spreads[0][0] + spreads[1][0]) / 2
        covariance = spreads[0][1] + spreads[1][1]
        loss = INVARIANCE * invariance + VARIANCE * variance + COVARIANCE * covariance
        return loss * ops.ones_like(projections[:, 0, 0])


def _spread(projections: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return how far deviations fall below 1, and the squared covariances, of projections (B, D)."""
    count, size = ops.cast(ops.shape(projections)[0], "float32"), projections.shape[-1]
    centred = projections - ops.mean(projections, axis=0)
    variances = ops.mean(ops.square(centred), axis=0)  # (D,)
    missing = ops.mean(ops.relu(1.0 - ops.sqrt(variances + _EPSILON)))
    covariances = ops.matmul(ops.transpose(centred), centred) / (count - 1)  # (D, D)
    off_diagonal = ops.sum(ops.square(covariances)) - ops.sum(ops.square(ops.diagonal(covariances)))
    return missing, off_diagonal / size


def twin_model(blocks: keras.Model, input_shape: tuple[int, ...]) -> keras.Model:
    """Build a model from pairs of inputs (B, 2, …) to projections float32 (B, 2, D).

    Args:
        blocks: trained blocks of a backbone, whose output is a feature map.
        input_shape: of one input.
    """
    pairs = keras.Input((2, *input_shape), name="pairs")
    features = blocks(ops.reshape(pairs, (-1, *input_shape)))
    x = layers.GlobalAveragePooling2D(dtype="float32", name="features")(features)
    x = layers.Dense(_HIDDEN_UNITS, use_bias=False, dtype="float32", name="projection_1")(x)
    x = layers.LayerNormalization(dtype="float32", name="projection_norm")(x)
    x = layers.ReLU(dtype="float32", name="projection_relu")(x)
    x = layers.Dense(PROJECTED_SIZE, use_bias=False, dtype="float32", name="projection_2")(x)
    return keras.Model(pairs, ops.reshape(x, (-1, 2, PROJECTED_SIZE)))
