"""How good a classifier is, from its probabilities and the true labels. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AVERAGED = ("precision", "recall", "f1")


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
    return scores_of_counts(np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1))


def scores_of_counts(hits: np.ndarray, predicted: np.ndarray, actual: np.ndarray) -> list[ClassScores]:
    """The same from counts of pictures, int64 (classes,): called so rightly, called so, being so."""
    hits = hits.astype(float)
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


def roc_auc(shows: np.ndarray, scores: np.ndarray) -> float | None:
    """How often a picture that shows the class has the higher score than one that does not; ties count half.

    Args:
        shows: bool (n,).
        scores: float (n,).
    Returns:
        0 to 1, where 0.5 is chance (the area under the ROC curve, by Mann and Whitney's statistic);
        None where one of the two kinds is missing.
    """
    positives = int(shows.sum())
    negatives = len(shows) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[place]  # from 1, the mean rank where scores are equal
    pairs = ranks[shows].sum() - positives * (positives + 1) / 2
    return float(pairs / (positives * negatives))


def average_precision(shows: np.ndarray, scores: np.ndarray) -> float | None:
    """The precision at every picture that shows the class, counted from the highest score down, on average.

    Equal scores come together, as in scikit-learn. Chance gets the share of pictures that show it.

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
    is_last = np.append(np.diff(scores[order]) != 0, True)  # of those with the same score
    hits, called = hits[is_last], np.flatnonzero(is_last) + 1
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / called).sum() / hits[-1])


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return result
