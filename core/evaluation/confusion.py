"""Confusion matrix, and its most confused classes for pages that cannot show a thousand at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Confused:
    """Pictures of one class that were taken for another: indices of both, and their number."""

    true: int
    predicted: int
    count: int


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts, int64 shape (classes, classes): rows are true, columns predicted.

    Args:
        labels, predicted: int64 class indices, shape (n,).
    """
    flat = np.bincount(labels * num_classes + predicted, minlength=num_classes * num_classes)
    return flat.reshape(num_classes, num_classes).astype(np.int64)


def confusion_of(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Confusion matrix of pictures of exactly one class; those without an answer stand in no cell.

    Args:
        targets, predicted: bool (n, classes).
    """
    answered = predicted.any(axis=1)
    labels, answers = targets[answered].argmax(axis=1), predicted[answered].argmax(axis=1)
    return confusion_matrix(labels, answers, targets.shape[1])


def confused_pairs(confusion: np.ndarray, most: int | None = None) -> list[Confused]:
    """List the pairs of different classes that were confused, the most frequent first.

    Args:
        confusion: int64 shape (classes, classes); rows are true, columns predicted.
        most: length of the list, by default unlimited.
    """
    mistakes = confusion.copy()
    np.fill_diagonal(mistakes, 0)
    rows, columns = np.nonzero(mistakes)
    order = np.argsort(-mistakes[rows, columns], kind="stable")[:most]
    found = zip(rows[order].tolist(), columns[order].tolist(), strict=True)
    return [Confused(true=row, predicted=column, count=int(mistakes[row, column])) for row, column in found]


def most_confused(confusion: np.ndarray, count: int) -> Sequence[int]:
    """Indices of the ``count`` classes in the most frequent mistakes, ascending; the first classes fill up."""
    chosen: set[int] = set()
    everyone = range(len(confusion))
    candidates = [
        *((pair.true, pair.predicted) for pair in confused_pairs(confusion)),
        *((index,) for index in everyone),
    ]
    for classes in candidates:
        if len(chosen) == count:
            break
        # A pair may not fit where one of the next does.
        if len(chosen | set(classes)) <= count:
            chosen |= set(classes)
    return sorted(chosen)
