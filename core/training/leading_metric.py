"""The metric by which the classifiers of a project are judged, as a formula of counts. NumPy only.

Everything it needs of a picture are a few numbers. Their sums, also weighted ones, give the
value: on validation pictures after each epoch, on test pictures, and on resamples of either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from core.data.labels.task import Task
from core.errors import ConfigError
from core.messages import N_
from core.records import Record

# Beyond, the cost of a mistake depends on the true class alone.
MOST_CLASSES_WITH_MATRIX = 20


class LeadingKind(StrEnum):
    """Kind of metric."""

    ACCURACY = "accuracy"  # fraction of the pictures whose whole answer is right
    BALANCED_ACCURACY = "balanced_accuracy"  # mean of the recalls
    MACRO_F1 = "macro_f1"  # mean of the F1 of the classes
    RECALL = "recall"  # of one class
    PRECISION = "precision"  # of one class
    F1 = "f1"  # of one class
    COST = "cost"  # mean cost of an answer

    @property
    def needs_class(self) -> bool:
        return self in {LeadingKind.RECALL, LeadingKind.PRECISION, LeadingKind.F1}


@dataclass(frozen=True, kw_only=True)
class LeadingMetric(Record):
    """The metric that matters, for the classes of one dataset."""

    kind: LeadingKind = LeadingKind.ACCURACY
    # in the order of the dataset; empty where neither a class nor costs matter
    class_names: tuple[str, ...] = ()
    class_name: str = ""
    # Rows are true classes, columns answers; a right answer may cost something too.
    costs: tuple[tuple[float, ...], ...] = ()
    # Without a matrix: cost of missing each class. With several labels a wrongly added one costs 1.
    miss_costs: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.class_names)
        has_shape = len(self.costs) == count and all(len(row) == count for row in self.costs)
        if self.kind is LeadingKind.COST and not (has_shape or len(self.miss_costs) == count):
            raise ConfigError(N_("The metric needs a cost for each class. Set them again."))
        each = [*self.miss_costs, *(cost for row in self.costs for cost in row)]
        if not all(math.isfinite(cost) and cost >= 0 for cost in each):
            raise ConfigError(N_("A cost must be a number from 0 on."))
        if self.kind is LeadingKind.COST and not any(each):
            raise ConfigError(N_("Some mistake must have a cost above 0."))
        if self.kind.needs_class and self.class_name not in self.class_names:
            raise ConfigError(
                N_("The metric needs a class; there is none called “{name}”."), name=self.class_name
            )

    @property
    def is_higher_better(self) -> bool:
        return self.kind is not LeadingKind.COST

    def for_classes(self, class_names: Sequence[str]) -> LeadingMetric | None:
        """The same metric for another dataset version.

        None if that lacks the class, has one without a cost, or has none left whose mistakes cost anything.
        """
        names = tuple(class_names)
        if not self.class_names or names == self.class_names:
            return self
        if self.kind.needs_class:
            return replace(self, class_names=names) if self.class_name in names else None
        if set(names) - set(self.class_names):
            return None
        order = [self.class_names.index(name) for name in names]
        matrix = order if self.costs else []
        costs = tuple(tuple(self.costs[row][column] for column in matrix) for row in matrix)
        miss_costs = tuple(self.miss_costs[index] for index in order) if self.miss_costs else ()
        if self.kind is LeadingKind.COST and not any([*miss_costs, *(cost for row in costs for cost in row)]):
            return None
        return replace(self, class_names=names, costs=costs, miss_costs=miss_costs)

    def columns(self, task: Task, targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """The numbers of each picture that the metric sums: float32 (n, k).

        Args:
            targets: bool (n, classes), the picture shows the class.
            predicted: bool (n, classes).
        """
        every = np.ones((len(targets), 1), np.float32)
        if self.kind is LeadingKind.ACCURACY:
            right = (targets == predicted).all(axis=1)[:, None]
            return np.concatenate([right, every], axis=1, dtype=np.float32)
        if self.kind is LeadingKind.COST:
            costs = self._costs(task, targets, predicted)[:, None]
            return np.concatenate([costs, every], axis=1, dtype=np.float32)
        if self.kind.needs_class:
            index = self.class_names.index(self.class_name)
            targets, predicted = targets[:, [index]], predicted[:, [index]]
        return np.concatenate([targets & predicted, predicted, targets], axis=1, dtype=np.float32)

    def value(self, sums: np.ndarray) -> np.ndarray:
        """Compute the metric of summed columns: float64 (...,); NaN where it is undefined.

        Args:
            sums: float64 (k, ...).
        """
        if self.kind in {LeadingKind.ACCURACY, LeadingKind.COST}:
            return _ratio(sums[0], sums[1], math.nan)
        hits, predicted, support = sums.reshape(3, -1, *sums.shape[1:])
        if self.kind is LeadingKind.PRECISION:
            return np.asarray(_ratio(hits, predicted, 0.0)[0])
        f1 = _ratio(2 * hits, predicted + support, math.nan)
        recall = _ratio(hits, support, math.nan)
        of_each = recall if self.kind in {LeadingKind.RECALL, LeadingKind.BALANCED_ACCURACY} else f1
        # Classes without pictures do not count.
        counted = support > 0
        return _ratio(np.where(counted, of_each, 0).sum(axis=0), counted.sum(axis=0), math.nan)

    def merit(self, task: Task, sums: np.ndarray) -> np.ndarray:
        """The metric as a fraction of which more is better; of a cost the share of the highest that is avoided."""
        value = self.value(sums)
        return value if self.is_higher_better else np.asarray(1 - value / self._highest_cost(task))

    def merit_of(self, task: Task, targets: np.ndarray, predicted: np.ndarray) -> float:
        """The same of some pictures; arguments as for ``columns``."""
        return float(self.merit(task, self.columns(task, targets, predicted).sum(axis=0, dtype=np.float64)))

    def _highest_cost(self, task: Task) -> float:
        """Highest cost that one answer may have."""
        if self.costs:
            return max(cost for row in self.costs for cost in row)
        # With several labels, each class may be missed or wrongly added.
        return (
            sum(max(cost, 1.0) for cost in self.miss_costs)
            if task is Task.MULTI_LABEL
            else max(self.miss_costs)
        )

    def _costs(self, task: Task, targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Cost of the answer to each picture: float64 (n,)."""
        if self.costs:
            matrix, true = np.array(self.costs), targets.argmax(axis=1)
            # Without an answer, a picture costs as much as its worst one.
            worst = matrix.max(axis=1)[true]
            return np.where(predicted.any(axis=1), matrix[true, predicted.argmax(axis=1)], worst)
        costs = (targets & ~predicted) @ np.array(self.miss_costs)
        if task is Task.MULTI_LABEL:
            costs = costs + (predicted & ~targets).sum(axis=1)
        return np.asarray(costs)


def _ratio(part: np.ndarray, whole: np.ndarray, otherwise: float) -> np.ndarray:
    """Divide; ``otherwise`` where there is nothing to divide by."""
    result: np.ndarray = np.divide(
        part, whole, out=np.full(np.shape(part), otherwise, np.float64), where=np.asarray(whole) > 0
    )
    return result
