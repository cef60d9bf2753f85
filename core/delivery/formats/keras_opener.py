"""Keras files in Keras, on the chosen backend."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from core.delivery.answering import Answerer, Answers


def open_keras(file: Path) -> Answerer:
    """Load a Keras file; it gives no stranger scores."""
    model = keras.models.load_model(file, compile=False)
    return lambda pictures: Answers(np.asarray(model.predict_on_batch(pictures)), None)
