"""Differences of every metric between two classifiers, with 95% intervals.

Both classifiers are measured on the same bootstrap resamples of the groups, so what makes
pictures hard for both cancels out. The interval of the difference of accuracies is a formula, which
also holds where few answers differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.evaluation.leading import Leading
from core.evaluation.metrics import table
from core.evaluation.metrics.bootstrap import RESAMPLES, over_resamples
from core.evaluation.metrics.intervals import Interval, bootstrap_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import Statistics, StatisticsSource
from core.evaluation.metrics.table import Metric
from core.records import Record
from core.statistics import Z_95, effective_count
from core.training.leading_metric import LeadingKind


class Verdict(StrEnum):
    """Direction of a difference whose interval excludes 0."""

    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class MetricDifference(Record):
    """One metric of two classifiers on the same pictures."""

    code: str
    first: float
    second: float
    # of the second minus the first, 95%; None where nothing varies
    interval: Interval | None = None
    is_higher_better: bool = True
    # shown in percent
    is_fraction: bool = True

    @property
    def difference(self) -> float:
        """The second minus the first."""
        return self.second - self.first

    @property
    def gain(self) -> float:
        """The difference, above 0 where the second is better."""
        return self.difference if self.is_higher_better else -self.difference

    @property
    def verdict(self) -> Verdict:
        """Tell if the second classifier is better or worse; unclear where the interval holds 0."""
        if self.interval is None or self.interval[0] <= 0 <= self.interval[1]:
            return Verdict.UNCLEAR
        return Verdict.BETTER if self.gain > 0 else Verdict.WORSE


def metric_differences(
    first: TestPredictions,
    second: TestPredictions,
    metrics: Sequence[Metric] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[MetricDifference, ...]:
    """Compare metrics of the table, as far as they are defined for both.

    Args:
        first, second: predictions for the same pictures, with the same labels and groups.
        metrics: rows of the table; by default all that the task has.
    """
    rows = table.metrics_of(first.task) if metrics is None else metrics
    if not rows:
        return ()
    one, two = StatisticsSource(first), StatisticsSource(second)

    def values(drawn: Statistics) -> np.ndarray:
        return np.stack([metric.function(drawn) for metric in rows])

    def differences(weights: np.ndarray) -> np.ndarray:
        return values(two.under(weights)) - values(one.under(weights))

    before, after = (values(source.as_they_are())[:, 0] for source in (one, two))
    drawn = over_resamples(first, differences, resamples=resamples, seed=seed)
    intervals = [
        _interval(metric, first, second, *pair)
        for metric, *pair in zip(rows, after - before, drawn, strict=True)
    ]
    return tuple(
        MetricDifference(
            code=metric.code,
            first=float(old),
            second=float(new),
            interval=interval,
            is_higher_better=metric.is_higher_better,
            is_fraction=metric.is_fraction,
        )
        for metric, old, new, interval in zip(rows, before, after, intervals, strict=True)
        if not np.isnan(new - old)
    )


def leading_difference(
    leading: Leading, first: TestPredictions, second: TestPredictions, *, resamples: int = RESAMPLES
) -> MetricDifference:
    """Compare the metric that leads in a project; arguments as in ``metric_differences``."""
    before, after = leading.value(first), leading.value(second)
    kind = leading.metric.kind
    if kind is LeadingKind.ACCURACY:
        interval: Interval | None = accuracy_interval(first, second)
    else:
        # One seed draws the same resamples of the same groups.
        drawn = leading.resampled(second, resamples=resamples) - leading.resampled(first, resamples=resamples)
        groups = leading.groups(first, second)
        interval = bootstrap_interval(after - before, drawn, groups, is_fraction=False)
    return MetricDifference(
        code=kind,
        first=before,
        second=after,
        interval=interval,
        is_higher_better=kind is not LeadingKind.COST,
        is_fraction=leading.is_fraction,
    )


def accuracy_interval(first: TestPredictions, second: TestPredictions) -> Interval:
    """95% interval of the second accuracy minus the first."""
    change = second.exact_matches.astype(np.float64) - first.exact_matches
    return change_interval(change, first.group_indices)


def change_interval(change: np.ndarray, groups: np.ndarray) -> Interval:
    """95% interval of the mean change of the same pictures (Bonett and Price 2012).

    Groups count by their effective number of pictures (Korn and Graubard 1998).

    Args:
        change: float64 (n,): 1 for a picture that became right, -1 for one that became wrong, else 0.
        groups: (n,), equal for pictures that belong together.
    """
    count = effective_count(change, groups)
    fixed, broken = ((float((sign * change > 0).mean()) * count + 1) / (count + 2) for sign in (1, -1))
    centre = fixed - broken
    half = Z_95 * math.sqrt((fixed + broken - centre**2) / (count + 2))
    return max(-1.0, centre - half), min(1.0, centre + half)


def _interval(
    metric: Metric,
    first: TestPredictions,
    second: TestPredictions,
    difference: float,
    samples: np.ndarray,
) -> Interval | None:
    if metric.code == "accuracy":
        return accuracy_interval(first, second)
    groups = first.groups_behind(is_mean_of_classes=metric.is_mean_of_classes)
    return bootstrap_interval(float(difference), samples, groups, is_fraction=False)
