"""Keras export: ``model.keras``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.delivery.exporter import DeliveredModel, Exporter
from core.delivery.files import keras_file
from core.delivery.formats.keras_config import make_portable
from core.messages import N_

if TYPE_CHECKING:
    import numpy as np

_BATCH_SIZE = 16


def make_keras_file(model: DeliveredModel, path: Path) -> None:
    model.keras_model.save(path)
    make_portable(path)


def predict_with_keras(run: Path, pictures: Sequence[bytes]) -> np.ndarray:
    """Probabilities, float32 (n, classes), of the run's Keras file."""
    import keras
    import numpy as np

    from core.delivery.prediction import Classifier

    classifier = Classifier(run, proven=False)
    model = keras.models.load_model(keras_file(run), compile=False)
    batch = np.stack([classifier.prepare(picture) for picture in pictures])
    probabilities: np.ndarray = model.predict(batch, batch_size=_BATCH_SIZE, verbose=0)
    return probabilities


KERAS = Exporter(
    code="keras",
    label=N_("Keras (.keras)"),
    description=N_(
        "For people who program: load it with `keras.models.load_model` of Keras 3.8 or later, train on, convert."
    ),
    icon=":material/code:",
    file_name="model.keras",
    make=make_keras_file,
    predict=predict_with_keras,
    proof_pictures=16,  # fewer than LiteRT's: Keras is slower
)
