"""Signature of a classifier as a TensorFlow function. Imported in workers only."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from core.delivery.formats.interface import OUTPUTS, PICTURE


def picture_of(network: keras.Model, batch: int | None = None) -> tf.TensorSpec:
    """Specification of the input; None: any batch."""
    return tf.TensorSpec((batch, *network.input_shape[1:]), network.input.dtype, name=PICTURE)


def call_of(network: keras.Model) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """A function from pictures to the outputs by name."""

    def call(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = network(picture, training=False)
        return dict(zip(OUTPUTS, outputs if isinstance(outputs, list) else [outputs], strict=False))

    return call
