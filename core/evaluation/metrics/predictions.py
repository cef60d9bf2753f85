"""True labels and predictions of the pictures that a classifier is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.task import Task


@dataclass(frozen=True, kw_only=True)
class TestPredictions:
    """True labels of the test pictures, and the predictions of a classifier."""

    __test__ = False  # pytest takes it for a test case by its name

    task: Task
    targets: np.ndarray  # bool (n, classes): the picture shows the class
    predicted: np.ndarray  # bool (n, classes)
    probabilities: np.ndarray  # float32 (n, classes)
    # (n,): equal for pictures that belong together, such as one patient's; by default each is its own
    groups: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        rows: np.ndarray,
        probabilities: np.ndarray,
        thresholds: np.ndarray | None = None,
    ) -> TestPredictions:
        """Join labels and predictions.

        Args:
            rows: int64 row numbers of the pictures.
            probabilities: float32, shape (len(rows), classes).
            thresholds: float, shape (classes,), of a multi-label dataset.
        """
        if thresholds is None:
            predicted = most_probable(probabilities)
        else:
            predicted = probabilities >= thresholds
        return cls(
            task=dataset.task,
            targets=dataset.targets[rows] > 0.5,
            predicted=predicted & has_numbers(probabilities)[:, None],
            probabilities=probabilities,
            groups=dataset.groups[rows],
        )

    @property
    def group_indices(self) -> np.ndarray:
        """Group of each picture: int64 (n,), every number from 0 to the largest occurs."""
        if self.groups is None:
            return np.arange(len(self.targets))
        indices: np.ndarray = np.unique(self.groups, return_inverse=True)[1]
        return indices

    def groups_among(self, chosen: np.ndarray) -> int:
        """Count the groups of some pictures, bool (n,)."""
        return len(np.unique(self.group_indices[chosen]))

    def groups_behind(self, *, is_mean_of_classes: bool) -> int:
        """Number of groups that a metric rests on.

        In a mean of the classes, the mistakes of one class can hide behind its few pictures. So each
        class counts with as many groups as the one that has fewest.
        """
        groups = self.group_indices
        everyone = int(groups.max()) + 1
        if not is_mean_of_classes:
            return everyone
        of_classes = [self.groups_among(shows) for shows in self.targets.T if shows.any()]
        return min(everyone, len(of_classes) * min(of_classes, default=0))

    @property
    def exact_matches(self) -> np.ndarray:
        """Pictures with the right prediction for every class: bool (n,). Without an answer, none is right."""
        matches: np.ndarray = (self.targets == self.predicted).all(axis=1)
        return matches & has_numbers(self.probabilities)

    @property
    def unanswered(self) -> int:
        """Number of pictures without an answer, because their probabilities are no numbers (NaN)."""
        return int((~has_numbers(self.probabilities)).sum())


def most_probable(probabilities: np.ndarray) -> np.ndarray:
    """Answer the most probable class, bool (n, classes); none where probabilities are NaN."""
    answers: np.ndarray = np.eye(probabilities.shape[1], dtype=bool)[probabilities.argmax(axis=1)]
    return answers & has_numbers(probabilities)[:, None]


def has_numbers(probabilities: np.ndarray) -> np.ndarray:
    """True for pictures without NaN among their probabilities: bool (n,)."""
    found: np.ndarray = ~np.isnan(probabilities).any(axis=1)
    return found
