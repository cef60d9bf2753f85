"""Classification metrics from true labels and predicted labels or probabilities. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AVERAGED = ("precision", "recall", "f1")


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Scores of one class, 0 to 1, and its number of pictures."""

    # of the pictures given the class, the fraction that show it
    precision: float
    # of the pictures that show it, the fraction given it
    recall: float
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
    """Precision, recall and F1 of each class; 0 where a class is never predicted or never shown."""
    return scores_of_counts(np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1))


def scores_of_counts(hits: np.ndarray, predicted: np.ndarray, actual: np.ndarray) -> list[ClassScores]:
    """Precision, recall and F1 of each class from counts of pictures.

    Args:
        hits: int64 (classes,), pictures rightly given the class.
        predicted: int64 (classes,), pictures given the class.
        actual: int64 (classes,), pictures that show the class.
    """
    hits = hits.astype(float)
    precision = _ratio(hits, predicted)
    recall = _ratio(hits, actual)
    f1 = _ratio(2 * hits, predicted + actual)
    return [
        ClassScores(precision=float(p), recall=float(r), f1=float(f), support=int(n))
        for p, r, f, n in zip(precision, recall, f1, actual, strict=True)
    ]


def macro_mean(scores: list[ClassScores], name: str) -> float:
    """Mean over the classes that have pictures; every class counts the same."""
    return float(np.mean([getattr(score, name) for score in scores if score.support]))


def weighted_mean(scores: list[ClassScores], name: str) -> float:
    """Mean over the classes weighted by support; every picture counts the same."""
    support = [score.support for score in scores]
    return float(np.average([getattr(score, name) for score in scores], weights=support))


def roc_auc(shows: np.ndarray, scores: np.ndarray) -> float | None:
    """Area under the ROC curve, by the statistic of Mann and Whitney.

    It is the probability that a picture of the class scores higher than another one; ties count half.

    Args:
        shows: bool (n,).
        scores: float (n,).
    Returns:
        0 to 1, where 0.5 is chance; None where one of the two kinds is missing.
    """
    positives = int(shows.sum())
    negatives = len(shows) - positives
    if not positives or not negatives:
        return None
    _, index, counts = np.unique(scores, return_inverse=True, return_counts=True)
    # from 1; the mean rank where scores are equal
    ranks = (counts.cumsum() - (counts - 1) / 2)[index]
    pairs = ranks[shows].sum() - positives * (positives + 1) / 2
    return float(pairs / (positives * negatives))


def average_precision(shows: np.ndarray, scores: np.ndarray) -> float | None:
    """Average precision: the mean precision at every picture of the class, from the highest score down.

    Equal scores form one step, as in scikit-learn. Chance reaches the fraction of pictures that show it.

    Args:
        shows: bool (n,).
        scores: float (n,).
    Returns:
        0 to 1; None where no picture shows the class.
    """
    if not shows.any():
        return None
    order = np.argsort(-scores, kind="stable")
    hits = shows[order].cumsum()
    # of the pictures with the same score
    is_last = np.append(np.diff(scores[order]) != 0, True)
    hits, called = hits[is_last], np.flatnonzero(is_last) + 1
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / called).sum() / hits[-1])


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return result
