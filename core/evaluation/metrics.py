"""How good a classifier is, from its probabilities and the true labels. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """One class: fractions 0 to 1, and how many pictures it has."""

    precision: float  # of those called so, how many are
    recall: float  # of those that are, how many were called so
    f1: float
    support: int


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts, int64 shape (classes, classes): rows are true, columns predicted.

    Args:
        labels, predicted: int64 class indices, shape (n,).
    """
    flat = np.bincount(labels * num_classes + predicted, minlength=num_classes * num_classes)
    return flat.reshape(num_classes, num_classes).astype(np.int64)


def class_scores(confusion: np.ndarray) -> list[ClassScores]:
    """Precision, recall and F1 of each class; 0 where a class was never predicted or never there."""
    hits = np.diag(confusion).astype(float)
    predicted, actual = confusion.sum(axis=0), confusion.sum(axis=1)
    precision = _ratio(hits, predicted)
    recall = _ratio(hits, actual)
    f1 = _ratio(2 * hits, predicted + actual)
    return [
        ClassScores(precision=float(p), recall=float(r), f1=float(f), support=int(n))
        for p, r, f, n in zip(precision, recall, f1, actual, strict=True)
    ]


def macro_mean(scores: list[ClassScores], name: str) -> float:
    """The plain mean over the classes that have pictures: every class counts the same."""
    return float(np.mean([getattr(score, name) for score in scores if score.support]))


def weighted_mean(scores: list[ClassScores], name: str) -> float:
    """The mean over the classes weighted by support: every picture counts the same."""
    support = [score.support for score in scores]
    return float(np.average([getattr(score, name) for score in scores], weights=support))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return result
