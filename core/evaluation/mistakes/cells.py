"""Confusion matrix whose cells know their pictures, for one class a picture and for several labels.

With one class a picture, a picture stands in the cell of its class and its answer.

With several labels, a missed class is set against every class that was wrongly added to the same
picture, as in the multi-label confusion matrix of Heydarian, Doyle and Samavi (2022). A picture
with neither stands on the diagonal only, in the cell of each class that was found. A class that
was missed without another in its place stands in the last column, a class that was added without
a missed one in the last row. Both are “none”, index ``num_classes``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task
from core.evaluation.confusion import confusion_of
from core.evaluation.metrics.predictions import TestPredictions


@dataclass(frozen=True, kw_only=True)
class ConfusionCells:
    """Counts of pictures; rows are true classes, columns answers. With several labels the last of each is “none”."""

    counts: np.ndarray  # int64 (rows, columns)
    # different pictures in each row and column; with several labels a picture can be in several cells
    row_pictures: np.ndarray  # int64 (rows,)
    column_pictures: np.ndarray  # int64 (columns,)

    @classmethod
    def of_counts(cls, counts: np.ndarray) -> ConfusionCells:
        """Cells of a matrix of one class a picture, int64 (classes, classes)."""
        return cls(counts=counts, row_pictures=counts.sum(axis=1), column_pictures=counts.sum(axis=0))

    @property
    def row_shares(self) -> np.ndarray:
        """Fraction of the pictures of each row: float64 (rows, columns)."""
        shares: np.ndarray = self.counts / np.maximum(1, self.row_pictures)[:, None]
        return shares

    @property
    def column_shares(self) -> np.ndarray:
        """Fraction of the pictures of each column: float64 (rows, columns)."""
        shares: np.ndarray = self.counts / np.maximum(1, self.column_pictures)[None, :]
        return shares


def confusion_cells(test: TestPredictions) -> ConfusionCells:
    """Count the pictures of each cell."""
    if test.task is Task.MULTI_CLASS:
        return ConfusionCells.of_counts(confusion_of(test.targets, test.predicted))
    missed, added = _differences(test)
    # mistakes are few, so a class at a time reads far less than a product of both
    counts = np.stack([added[shown].sum(axis=0, dtype=np.int64) for shown in missed.T])
    found = (test.targets & test.predicted).sum(axis=0)
    counts[np.arange(len(found)), np.arange(len(found))] = found
    return ConfusionCells(
        counts=counts,
        row_pictures=np.append(test.targets.sum(axis=0), missed[:, -1].sum()),
        column_pictures=np.append(test.predicted.sum(axis=0), added[:, -1].sum()),
    )


def pictures_of_cell(test: TestPredictions, true: int, answer: int) -> np.ndarray:
    """List the test pictures of one cell, int64 (n,): the surest mistakes, or the least sure right answers first."""
    num_classes = test.targets.shape[1]
    if true == answer:
        inside = test.targets[:, true] & test.predicted[:, true]
    elif test.task is Task.MULTI_CLASS:
        inside = test.targets[:, true] & test.predicted[:, answer]
    else:
        missed, added = _differences(test)
        inside = missed[:, true] & added[:, answer]
    pictures = np.flatnonzero(inside)
    if answer < num_classes:
        order = test.probabilities[pictures, answer]
    else:
        # least probable: most surely missed
        order = -test.probabilities[pictures, true]
    return pictures[np.argsort(order if true == answer else -order, kind="stable")]


def all_mistakes(test: TestPredictions, certainty: np.ndarray) -> np.ndarray:
    """List the test pictures with any wrong answer, int64 (n,), the surest first.

    Args:
        certainty: probability that the answer is right, float (n,).
    """
    wrong = np.flatnonzero(~test.exact_matches)
    ordered: np.ndarray = wrong[np.argsort(-certainty[wrong], kind="stable")]
    return ordered


def _differences(test: TestPredictions) -> tuple[np.ndarray, np.ndarray]:
    """Classes that were missed and those wrongly added, bool (n, classes + 1): “none” where only the other has some."""
    missed, added = test.targets & ~test.predicted, test.predicted & ~test.targets
    any_missed, any_added = missed.any(axis=1), added.any(axis=1)
    return (
        np.column_stack([missed, any_added & ~any_missed]),
        np.column_stack([added, any_missed & ~any_added]),
    )
