"""``python -m core.training.kernels.timing FILE``: times a few training steps, for the choice of kernels.

The steps run forward and backward through the three kinds of convolution that the
backbones are made of, at sizes between those of their first and last blocks.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import tensorflow as tf

from core.files import write_json

_BATCH, _STEPS = 16, 8


def main() -> int:
    seconds = least_seconds()
    write_json(Path(sys.argv[1]), {"seconds": seconds})
    return 0


def least_seconds() -> float:
    """Return the least time of a step among a few, in seconds."""
    pictures = tf.random.stateless_normal((_BATCH, 56, 56, 24), seed=(0, 0))
    filters = [
        tf.random.stateless_normal(shape, seed=(0, 1), stddev=0.1)
        for shape in ((1, 1, 24, 96), (5, 5, 96, 1), (1, 1, 96, 24), (3, 3, 24, 24))
    ]
    step = tf.function(_gradients)
    step(pictures, filters)  # traced
    times = []
    for _ in range(_STEPS):
        began = time.perf_counter()
        step(pictures, filters)[-1].numpy()  # waits for the end
        times.append(time.perf_counter() - began)
    return min(times)


def _gradients(pictures: tf.Tensor, filters: list[tf.Tensor]) -> list[tf.Tensor]:
    """Return the gradients of a block's output by its filters."""
    expand, depthwise, project, square = filters
    with tf.GradientTape() as tape:
        tape.watch(filters)
        x = tf.nn.relu6(tf.nn.conv2d(pictures, expand, 1, "SAME"))
        x = tf.nn.relu6(tf.nn.depthwise_conv2d(x, depthwise, (1, 1, 1, 1), "SAME"))
        x = tf.nn.conv2d(x, project, 1, "SAME")
        x = tf.nn.relu(tf.nn.conv2d(x, square, 1, "SAME"))
        loss = tf.reduce_sum(tf.square(x))
    gradients: list[tf.Tensor] = tape.gradient(loss, filters)
    return gradients


if __name__ == "__main__":
    sys.exit(main())
