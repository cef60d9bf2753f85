"""What people see of a classifier while it learns: what it confuses, and a few pictures it judges."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.models.head import sigmoid, softmax
from core.progress import Progress
from core.training.config import TrainingConfig
from core.training.curve import LearningCurve
from core.training.scores import confusion_of

_EXAMPLES = 8
_MOST_CLASSES = 200  # a matrix of more would be no picture any more, and slow to send
_SHOW_EVERY_SECONDS = 1.0


class LiveView:
    """Writes the state of a run for a page to show, about once a second at most."""

    def __init__(
        self, dataset: Dataset, settings: TrainingConfig, curve: LearningCurve, progress: Progress
    ) -> None:
        self._dataset, self._settings, self._curve, self._progress = dataset, settings, curve, progress
        self._rows = dataset.rows(Split.VALIDATION)
        self._targets = dataset.targets[self._rows]
        self._places = _spread_over_classes(self._targets)
        self._first: list[tuple[str, float]] | None = None
        self._shown = -_SHOW_EVERY_SECONDS

    def show(self, logits: np.ndarray, *, at_once: bool = False) -> None:
        """Show what these logits float32 (v, C) of the validation pictures say; ``at_once`` whenever it was last."""
        says = [self._answer(row) for row in logits[self._places]]
        self._first = self._first or says
        is_due = time.monotonic() - self._shown >= _SHOW_EVERY_SECONDS
        if not (is_due or at_once or self._curve.epoch >= self._curve.planned):
            return
        self._shown = time.monotonic()
        self._progress.live(
            {
                "epoch": self._curve.epoch,
                "epochs": max(self._curve.planned, self._curve.epoch),
                "patience_left": self._curve.patience_left,
                "watch": self._settings.watch.value,
                "best_epoch": self._curve.best["epoch"] if self._curve.best else None,
                "notes": self._curve.notes,
                "confusion": self._confusion(logits),
                "examples": self._examples(says, self._first),
            }
        )

    def _confusion(self, logits: np.ndarray) -> list[list[int]] | None:
        if self._dataset.task is Task.MULTI_LABEL or logits.shape[1] > _MOST_CLASSES:
            return None
        return confusion_of(logits, self._targets)

    def _answer(self, logits: np.ndarray) -> tuple[str, float]:
        """The most probable class, and how probable it is held, 0 to 1."""
        is_multi_label = self._dataset.task is Task.MULTI_LABEL
        probabilities = sigmoid(logits) if is_multi_label else softmax(logits)
        best = int(probabilities.argmax())
        return self._dataset.class_names[best], round(float(probabilities[best]), 4)

    def _examples(self, now: list[tuple[str, float]], first: list[tuple[str, float]]) -> list[dict[str, Any]]:
        pictures = self._dataset.pictures[["id", "sha256", "label"]].iloc[self._rows[self._places]]
        columns = zip(pictures["id"], pictures["sha256"], pictures["label"], now, first, strict=True)
        return [
            {
                "id": identifier,
                "sha256": sha256,
                "label": label,
                "predicted": says[0],
                "confidence": says[1],
                "first_predicted": said[0],
                "first_confidence": said[1],
            }
            for identifier, sha256, label, says, said in columns
        ]


def _spread_over_classes(targets: np.ndarray) -> np.ndarray:
    """Places of a few pictures, of as many classes as possible, always the same ones."""
    turn = np.zeros(len(targets), np.int64)
    labels = targets.argmax(axis=1)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    return np.argsort(turn, kind="stable")[:_EXAMPLES]
