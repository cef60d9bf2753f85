"""How good answers on validation are: the few numbers by which the best epoch is told. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task


@dataclass(frozen=True, kw_only=True)
class Scores:
    """ImageStatistics on validation."""

    loss: float  # mean cross-entropy in nats, without smoothing or weights
    accuracy: float  # 0 to 1; with several labels, the share of pictures whose labels are all right
    macro_f1: float  # 0 to 1, mean over the classes that appear
    losses: np.ndarray  # float (n,): of each picture; their mean is the loss


def score_logits(logits: np.ndarray, targets: np.ndarray, task: Task) -> Scores:
    """Scores of float logits (n, C) against targets float (n, C)."""
    shows = targets > 0.5
    if task is Task.MULTI_LABEL:
        # log(1 + e^x) - x t, stable for logits of any size; the mean over the labels of a picture
        losses = (np.logaddexp(0.0, logits) - logits * targets).mean(axis=1)
        says = logits > 0
        right = (says == shows).all(axis=1)
    else:
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        losses = -(targets * log_probabilities).sum(axis=1)
        says = np.zeros(logits.shape, bool)
        says[np.arange(len(logits)), logits.argmax(axis=1)] = True
        right = (says & shows).any(axis=1)
    return Scores(
        loss=float(losses.mean(dtype=np.float64)),
        accuracy=float(right.mean()),
        macro_f1=_macro_f1(says, shows),
        losses=losses,
    )


def confusion_of(logits: np.ndarray, targets: np.ndarray) -> list[list[int]]:
    """Counts (C, C), rows true, columns answered; for pictures of one class each."""
    classes = targets.shape[1]
    flat = targets.argmax(axis=1) * classes + logits.argmax(axis=1)
    counts: list[list[int]] = np.bincount(flat, minlength=classes**2).reshape(classes, classes).tolist()
    return counts


def _macro_f1(says: np.ndarray, shows: np.ndarray) -> float:
    both, either = (says & shows).sum(axis=0), says.sum(axis=0) + shows.sum(axis=0)
    appears = shows.any(axis=0)
    f1 = np.divide(2 * both, either, out=np.zeros(len(both)), where=either > 0)
    return float(f1[appears].mean()) if appears.any() else 0.0
