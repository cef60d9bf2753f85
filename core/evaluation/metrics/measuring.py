"""Value and 95% interval of every metric, over all classes and of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.metrics import table
from core.evaluation.metrics.averages import AVERAGED, Averages
from core.evaluation.metrics.bootstrap import RESAMPLES, resampled
from core.evaluation.metrics.intervals import Interval, bootstrap_interval, fraction_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import Statistics, StatisticsSource
from core.evaluation.metrics.table import Metric


@dataclass(frozen=True, kw_only=True)
class ClassMeasures:
    """Scores of one class, 0 to 1, with 95% intervals, and its number of pictures."""

    precision: float
    recall: float
    f1: float
    support: int
    precision_interval: Interval
    recall_interval: Interval
    f1_interval: Interval


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Metrics that are defined for some predictions, by code."""

    values: Mapping[str, float]
    intervals: Mapping[str, Interval]
    classes: Sequence[ClassMeasures]
    statistics: Statistics  # of the pictures as they are: one weighting
    groups: int  # of pictures that belong together

    def averages(self, mean: str) -> Averages:
        """Precision, recall and F1, averaged over the classes: "macro" or "weighted"."""
        return Averages(**{name: self.values.get(f"{mean}_{name}", 0.0) for name in AVERAGED})


def measure(test: TestPredictions, *, resamples: int = RESAMPLES, seed: int = 0) -> Measures:
    """Compute every metric of the table, with intervals by the bootstrap over groups.

    Args:
        resamples: number of bootstrap resamples.
    """
    metrics = table.metrics_of(test.task)
    source = StatisticsSource(test)
    statistics = source.as_they_are()
    values = np.array([metric.function(statistics)[0] for metric in metrics])
    samples = resampled(source, lambda drawn: _values(metrics, drawn), resamples=resamples, seed=seed)
    groups = {mean: test.groups_behind(is_mean_of_classes=mean) for mean in (False, True)}
    intervals = {
        metric.code: bootstrap_interval(
            float(value), row, groups[metric.is_mean_of_classes], is_fraction=metric.is_fraction
        )
        for metric, value, row in zip(metrics, values, samples[: len(metrics)], strict=True)
    }
    intervals["accuracy"] = fraction_interval(test.exact_matches, test.group_indices)
    return Measures(
        values={
            metric.code: float(value)
            for metric, value in zip(metrics, values, strict=True)
            if not np.isnan(value)
        },
        intervals={code: found for code, found in intervals.items() if found is not None},
        classes=_class_measures(test, statistics, samples[len(metrics) :]),
        statistics=statistics,
        groups=groups[False],
    )


def _values(metrics: Sequence[Metric], drawn: Statistics) -> np.ndarray:
    """Every metric, then the F1 of every class that a weighting has: float64 (values, weightings)."""
    f1 = np.where(drawn.support > 0, drawn.f1, np.nan)
    return np.concatenate([np.stack([metric.function(drawn) for metric in metrics]), f1])


def _class_measures(
    test: TestPredictions, statistics: Statistics, f1_samples: np.ndarray
) -> list[ClassMeasures]:
    groups = test.group_indices

    def among(chosen: np.ndarray, is_right: np.ndarray) -> Interval:
        return fraction_interval(is_right[chosen], groups[chosen])

    measures = []
    for index, samples in enumerate(f1_samples):
        shows, given = test.targets[:, index], test.predicted[:, index]
        f1 = float(statistics.f1[index, 0])
        measures.append(
            ClassMeasures(
                precision=float(statistics.precision[index, 0]),
                recall=float(statistics.recall[index, 0]),
                f1=f1,
                support=int(statistics.support[index, 0]),
                precision_interval=among(given, shows),
                recall_interval=among(shows, given),
                f1_interval=bootstrap_interval(f1, samples, len(np.unique(groups[shows | given])))
                or (0.0, 1.0),
            )
        )
    return measures
