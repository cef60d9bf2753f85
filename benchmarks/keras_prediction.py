"""Prediction time of Keras, one picture at a time, for comparison.

Run as ``python -m benchmarks.keras_prediction RUN PICTURE …``; prints the
median milliseconds from picture bytes to probabilities.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

from core.data.pixels.decoding import load_picture
from core.delivery.files import keras_file


def median_milliseconds(run: Path, pictures: list[bytes]) -> float:
    """The first picture is classified once more, before the clock starts."""
    model = keras.models.load_model(keras_file(run))
    size = model.input_shape[1]
    times = []
    for data in [pictures[0], *pictures]:
        began = time.perf_counter()
        model.predict(load_picture(data, size)[np.newaxis], verbose=0)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times[1:])


if __name__ == "__main__":
    print(median_milliseconds(Path(sys.argv[1]), [Path(name).read_bytes() for name in sys.argv[2:]]))
