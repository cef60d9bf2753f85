"""Validation metrics that select the best epoch: loss, accuracy, macro F1, the metric that matters. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task
from core.training.leading_metric import LeadingMetric


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Metrics on validation pictures."""

    loss: float  # mean cross-entropy in nats, without smoothing or weights
    accuracy: float  # 0 to 1; multi-label: fraction of pictures with every label right
    macro_f1: float  # 0 to 1, mean over the classes that appear
    losses: np.ndarray  # float (n,): of each picture; their mean is the loss
    correct: np.ndarray  # bool (n,): of each picture; their mean is the accuracy
    leading: float | None = None  # the metric that matters, 0 to 1, higher is better


def score_logits(
    logits: np.ndarray, targets: np.ndarray, task: Task, leading: LeadingMetric | None = None
) -> Scores:
    """Score logits float (n, C) against targets float (n, C), also by the metric that matters."""
    truth = targets > 0.5
    if task is Task.MULTI_LABEL:
        # log(1 + e^x) - x t, stable for logits of any size; mean over the labels of a picture
        losses = (np.logaddexp(0.0, logits) - logits * targets).mean(axis=1)
        predicted = logits > 0
        correct = (predicted == truth).all(axis=1)
    else:
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        losses = -(targets * log_probabilities).sum(axis=1)
        predicted = np.zeros(logits.shape, bool)
        predicted[np.arange(len(logits)), logits.argmax(axis=1)] = True
        correct = (predicted & truth).any(axis=1)
    return Scores(
        loss=float(losses.mean(dtype=np.float64)),
        accuracy=float(correct.mean()),
        macro_f1=_macro_f1(predicted, truth),
        losses=losses,
        correct=correct,
        leading=leading.merit_of(task, truth, predicted) if leading else None,
    )


def confusion_of(logits: np.ndarray, targets: np.ndarray) -> list[list[int]]:
    """Count (C, C) predictions, rows true, columns predicted; for single-label tasks."""
    classes = targets.shape[1]
    flat = targets.argmax(axis=1) * classes + logits.argmax(axis=1)
    counts: list[list[int]] = np.bincount(flat, minlength=classes**2).reshape(classes, classes).tolist()
    return counts


def _macro_f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    both, either = (predicted & truth).sum(axis=0), predicted.sum(axis=0) + truth.sum(axis=0)
    appears = truth.any(axis=0)
    f1 = np.divide(2 * both, either, out=np.zeros(len(both)), where=either > 0)
    return float(f1[appears].mean()) if appears.any() else 0.0
