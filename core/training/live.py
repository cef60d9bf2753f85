"""Predictions on validation pictures while a classifier learns: confusion matrix and examples.

``live.json`` shows the latest epoch about once a second. The predictions of the best epoch
stand beside its weights, so a run that has ended shows what it delivers.
"""

from __future__ import annotations

import time
from dataclasses import fields
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.errors import DarkroomError
from core.models.head import sigmoid, softmax
from core.progress import Progress
from core.records import read_record, write_record
from core.training.checkpoint import Checkpoints
from core.training.curve import LearningCurve
from core.training.records import Example, LiveState, ValidationPredictions
from core.training.scores import confusion_of

_EXAMPLES = 8
# A larger matrix is unreadable and slow to send.
_MAX_CLASSES = 200
_SHOW_EVERY_SECONDS = 1.0
_PREDICTIONS_FILE = "predictions.json"
_Prediction = tuple[str, float]  # class and its probability


class LiveView:
    """Writes the state of a run for its page, at most about once a second."""

    def __init__(self, directory: Path, dataset: Dataset, curve: LearningCurve, progress: Progress) -> None:
        self._directory, self._dataset, self._curve, self._progress = directory, dataset, curve, progress
        self._rows = dataset.rows(Split.VALIDATION)
        self._targets = dataset.targets[self._rows]
        self._example_indices = _spread_over_classes(self._targets)
        self._first: list[_Prediction] | None = None
        self._shown = -_SHOW_EVERY_SECONDS

    def resume(self) -> None:
        """Take the first predictions from the attempt before, if its best epoch has them."""
        if predictions := delivered_predictions(self._directory):
            self._first = [(one.first_predicted, one.first_confidence) for one in predictions.examples]

    def show(self, logits: np.ndarray) -> None:
        """Show the latest epoch, unless another was shown within the last second.

        Args:
            logits: float32 (v, C) of the validation pictures.
        """
        is_last = self._curve.epoch >= self._curve.planned
        if time.monotonic() - self._shown < _SHOW_EVERY_SECONDS and not is_last:
            return
        self._shown = time.monotonic()
        self._write(self._predictions(logits, self._curve.epoch))

    def write_predictions(self, folder: Path, logits: np.ndarray, epoch: int) -> None:
        """Write the predictions of a best epoch beside its weights."""
        write_record(folder / _PREDICTIONS_FILE, self._predictions(logits, epoch))

    def show_delivered(self) -> None:
        """Show the epoch that the run delivers: the best one."""
        best = self._curve.best
        predictions = delivered_predictions(self._directory)
        if best is not None:
            # A checkpoint of an older version has no predictions: better none than those of another epoch.
            is_of_best = predictions is not None and predictions.epoch == best.epoch
            self._write(
                predictions if predictions and is_of_best else ValidationPredictions(epoch=best.epoch)
            )

    def _write(self, predictions: ValidationPredictions) -> None:
        curve = self._curve
        shown = {field.name: getattr(predictions, field.name) for field in fields(ValidationPredictions)}
        state = LiveState(
            **shown,
            epochs=max(curve.planned, curve.epoch),
            patience_left=curve.patience_left,
            best_epoch=curve.best.epoch if curve.best else None,
            notes=curve.notes,
        )
        self._progress.live(state.to_json())

    def _predictions(self, logits: np.ndarray, epoch: int) -> ValidationPredictions:
        predictions = [self._prediction(row) for row in logits[self._example_indices]]
        self._first = self._first or predictions
        return ValidationPredictions(
            epoch=epoch,
            confusion=self._confusion(logits),
            examples=self._examples(predictions, self._first),
        )

    def _confusion(self, logits: np.ndarray) -> tuple[tuple[int, ...], ...] | None:
        if self._dataset.task is Task.MULTI_LABEL or logits.shape[1] > _MAX_CLASSES:
            return None
        return tuple(tuple(row) for row in confusion_of(logits, self._targets))

    def _prediction(self, logits: np.ndarray) -> _Prediction:
        """The most probable class and its probability, 0 to 1."""
        is_multi_label = self._dataset.task is Task.MULTI_LABEL
        probabilities = sigmoid(logits) if is_multi_label else softmax(logits)
        best = int(probabilities.argmax())
        return self._dataset.class_names[best], round(float(probabilities[best]), 4)

    def _examples(self, latest: list[_Prediction], first: list[_Prediction]) -> tuple[Example, ...]:
        pictures = self._dataset.pictures[["id", "sha256", "label"]].iloc[self._rows[self._example_indices]]
        columns = zip(pictures["id"], pictures["sha256"], pictures["label"], latest, first, strict=True)
        return tuple(
            Example(
                id=str(identifier),
                sha256=str(sha256),
                label=str(label),
                predicted=now[0],
                confidence=now[1],
                first_predicted=before[0],
                first_confidence=before[1],
            )
            for identifier, sha256, label, now, before in columns
        )


def delivered_predictions(directory: Path) -> ValidationPredictions | None:
    """Answers of the epoch that a run delivers; None before the first, or where an older version wrote it."""
    folder = Checkpoints(directory).best_folder()
    if folder is None or not (folder / _PREDICTIONS_FILE).exists():
        return None
    try:
        return read_record(folder / _PREDICTIONS_FILE, ValidationPredictions)
    except DarkroomError:  # a page shows less, and a resumed run writes it again
        return None


def _spread_over_classes(targets: np.ndarray) -> np.ndarray:
    """Indices of a few pictures, of as many classes as possible; the same ones each time."""
    turn = np.zeros(len(targets), np.int64)
    labels = targets.argmax(axis=1)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    return np.argsort(turn, kind="stable")[:_EXAMPLES]
