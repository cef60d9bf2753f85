"""The step of a run that delivers: Keras and LiteRT files, each proven against the evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.delivery.files import (
    Labels,
    keras_file,
    labels_file,
    parity_file,
    require_parity,
    tflite_file,
    withdraw,
)
from core.delivery.prediction import Classifier
from core.evaluation.report import chosen_thresholds, read_predictions, read_report
from core.files import whole_file, write_json
from core.models.head import HeadWeights
from core.progress import Progress, Stage, raise_if_stopped
from core.training.artifacts import has_own_network, head_file, load_extractor
from core.training.config import TrainingConfig
from core.training.cost.stage_times import timed
from core.workspace import project_of

# Engines sum in different orders; more than this is not rounding but another computation.
TOLERANCE = 1e-3
_PROVEN_WITH_TFLITE = 64  # test pictures, from file to probability
_PROVEN_WITH_KERAS = 16  # the same, but Keras is slower


def deliver(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Write ``model.keras``, ``model.tflite`` and ``labels.json``, and measure that they agree."""
    progress.stage(Stage.EXPORTING)
    settings = TrainingConfig.from_json(config)
    with timed(settings, Stage.EXPORTING, own_network=has_own_network(directory)):
        return _delivered(directory, settings, progress)


def _delivered(directory: Path, settings: TrainingConfig, progress: Progress) -> dict[str, Any]:
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    labels = Labels(
        class_names=list(dataset.class_names),
        input_size=settings.sized_backbone.input_size,
        backbone=settings.backbone,
        run=directory.name,
        task=dataset.task.value,
        thresholds=chosen_thresholds(read_report(directory)),
    )
    withdraw(directory)
    labels.write(labels_file(directory))
    _write_models(directory, settings, labels)
    raise_if_stopped(progress)
    parity = _prove(directory, dataset)
    write_json(parity_file(directory), parity)
    return {"parity": parity}


def _write_models(directory: Path, settings: TrainingConfig, labels: Labels) -> None:
    from core.models.architectures.classifier import build_classifier
    from core.models.litert.conversion import convert_to_tflite

    head = HeadWeights.load(head_file(directory))
    model = build_classifier(load_extractor(directory, settings), head, labels.class_names)
    model.trainable = False
    with whole_file(keras_file(directory)) as temporary:
        model.save(temporary)
    with whole_file(tflite_file(directory)) as temporary:
        temporary.write_bytes(convert_to_tflite(model))


def _prove(directory: Path, dataset: Dataset) -> dict[str, Any]:
    """Compare both files, from picture file to probability, with what the evaluation recorded."""
    recorded = read_predictions(directory)
    recorded = recorded[recorded["split"] == Split.TEST.value].sort_values("id").head(_PROVEN_WITH_TFLITE)
    row_of = {picture: row for row, picture in enumerate(dataset.pictures["id"])}
    pictures = [dataset.picture_bytes(row_of[picture]) for picture in recorded["id"]]
    expected = np.stack(list(recorded["probabilities"]))
    classifier = Classifier(directory, proven=False)
    lite = np.stack([classifier.probabilities(picture) for picture in pictures])
    lite_difference = float(np.abs(lite - expected).max())
    require_parity(lite_difference, TOLERANCE, ".tflite")
    few = min(_PROVEN_WITH_KERAS, len(pictures))
    keras_difference = float(
        np.abs(_keras_answers(directory, classifier, pictures[:few]) - expected[:few]).max()
    )
    require_parity(keras_difference, TOLERANCE, ".keras")
    return {
        "tflite": {"pictures": len(pictures), "max_difference": lite_difference},
        "keras": {"pictures": few, "max_difference": keras_difference},
    }


def _keras_answers(directory: Path, classifier: Classifier, pictures: list[bytes]) -> np.ndarray:
    import keras

    model = keras.models.load_model(keras_file(directory), compile=False)
    batch = np.stack([classifier.prepare(picture) for picture in pictures])
    answers: np.ndarray = model.predict(batch, batch_size=_PROVEN_WITH_KERAS, verbose=0)
    return answers
