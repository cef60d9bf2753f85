"""LiteRT export: ``model.tflite``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.delivery.exporter import DeliveredModel, Exporter
from core.messages import N_

if TYPE_CHECKING:
    import numpy as np


def make_tflite_file(model: DeliveredModel, path: Path) -> None:
    from core.models.litert import conversion

    path.write_bytes(conversion.convert_to_tflite(model.scored_model))


def predict_with_tflite(run: Path, pictures: Sequence[bytes]) -> np.ndarray:
    """Probabilities, float32 (n, classes), of the run's LiteRT file."""
    import numpy as np

    from core.delivery.prediction import Classifier

    classifier = Classifier(run, proven=False)
    return np.stack([classifier.probabilities(picture) for picture in pictures])


def score_with_tflite(run: Path, pictures: Sequence[bytes]) -> np.ndarray:
    """Stranger scores, float32 (n,), of the run's LiteRT file."""
    import numpy as np

    from core.delivery.prediction import Classifier

    classifier = Classifier(run, proven=False)
    return np.array([classifier.prediction(picture).stranger_score for picture in pictures], np.float32)


TFLITE = Exporter(
    code="tflite",
    label=N_("LiteRT (.tflite)"),
    description=N_(
        "For phones, Raspberry Pi and other small devices. Preprocessing is inside: give it the pixels."
    ),
    icon=":material/smartphone:",
    file_name="model.tflite",
    make=make_tflite_file,
    predict=predict_with_tflite,
    stranger_scores=score_with_tflite,
)
