"""ROC curve and precision–recall curve of a class against all others, exact at every threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.data.labels.task import Task
from core.evaluation.metrics.bootstrap import RESAMPLES, resampled
from core.evaluation.metrics.intervals import Interval, bootstrap_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import Statistics, StatisticsSource, ratio

# Of a drawn curve; a chart of half the page's width is not wider in pixels.
_COLUMNS = 120


@dataclass(frozen=True, kw_only=True)
class ClassCurve:
    """Counts of the pictures whose probability reaches a threshold, from the highest threshold to the lowest.

    Every different probability is a threshold; before them stands infinity, which none reaches.
    """

    thresholds: np.ndarray  # float64 (points,), descending
    hits: np.ndarray  # int64 (points,): pictures that show the class
    added: np.ndarray  # int64 (points,): pictures that do not

    @classmethod
    def of(cls, shows: np.ndarray, scores: np.ndarray) -> ClassCurve:
        """Count at every threshold.

        Args:
            shows: bool (n,), the picture shows the class.
            scores: float (n,), probability of the class; NaN lies below every other.
        """
        exact = np.where(np.isnan(scores), -np.inf, scores.astype(np.float64))
        order = np.argsort(-exact, kind="stable")
        ordered, is_hit = exact[order], shows[order]
        # Equal probabilities cannot be separated: the last of them is the point.
        ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
        return cls(
            thresholds=np.concatenate([[np.inf], ordered[ends]]),
            hits=np.concatenate([[0], is_hit.cumsum()[ends]]),
            added=np.concatenate([[0], (~is_hit).cumsum()[ends]]),
        )

    @property
    def positives(self) -> int:
        """Pictures that show the class."""
        return int(self.hits[-1])

    @property
    def negatives(self) -> int:
        """Pictures that do not show it."""
        return int(self.added[-1])

    @cached_property
    def recall(self) -> np.ndarray:
        """Of the pictures that show the class, the fraction that reaches each threshold: float64 (points,)."""
        return ratio(self.hits.astype(np.float64), np.full(len(self.hits), float(self.positives)))

    @cached_property
    def false_positive_rate(self) -> np.ndarray:
        """Of the other pictures, the fraction that reaches each threshold: float64 (points,)."""
        return ratio(self.added.astype(np.float64), np.full(len(self.added), float(self.negatives)))

    @cached_property
    def precision(self) -> np.ndarray:
        """Of the pictures that reach each threshold, the fraction that shows the class; 1 where none does."""
        called = (self.hits + self.added).astype(np.float64)
        return np.where(called > 0, ratio(self.hits.astype(np.float64), called), 1.0)


@dataclass(frozen=True, kw_only=True)
class Area:
    """Area under a curve with its 95% interval, 0 to 1."""

    value: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class CurveAreas:
    """Areas of a class that some pictures show and others do not."""

    roc: Area
    average_precision: Area  # of the precision–recall curve


def curve_areas(
    test: TestPredictions, index: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> CurveAreas | None:
    """Compute the areas of a class, with intervals by the bootstrap over groups; None where one is undefined.

    An area compares the pictures of the class with the others, so the fewer of both bound the certainty.
    """
    source = StatisticsSource(_against_rest(test, index))
    roc, precision = _areas(source.as_they_are())[:, 0]
    if np.isnan(roc):
        return None
    samples = resampled(source, _areas, resamples=resamples, seed=seed)
    shows = test.targets[:, index]
    groups = min(test.groups_among(shows), test.groups_among(~shows))
    areas = [
        Area(value=float(value), interval=bootstrap_interval(float(value), row, groups) or (0.0, 1.0))
        for value, row in zip((roc, precision), samples, strict=True)
    ]
    return CurveAreas(roc=areas[0], average_precision=areas[1])


def drawn_points(x: np.ndarray, y: np.ndarray, columns: int = _COLUMNS) -> np.ndarray:
    """Choose the points that draw a line as all points would, pixel for pixel (M4, Jugel et al. 2014).

    Those are the first, the last, the lowest and the highest of each column of the chart.

    Args:
        x: float64 (n,), ascending, 0 to 1.
        y: float64 (n,).
        columns: of the chart.
    Returns:
        int64 (at most 4 * columns,), ascending.
    """
    column = np.minimum((x * columns).astype(np.int64), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(starts[1:], len(x)) - 1
    by_height = np.lexsort((y, column))
    points: np.ndarray = np.unique(np.concatenate([starts, ends, by_height[starts], by_height[ends]]))
    return points


def _against_rest(test: TestPredictions, index: int) -> TestPredictions:
    """Predictions of one class, as if it were the only one."""
    return TestPredictions(
        task=Task.MULTI_LABEL,
        targets=test.targets[:, [index]],
        predicted=test.predicted[:, [index]],
        probabilities=test.probabilities[:, [index]],
        groups=test.groups,
    )


def _areas(statistics: Statistics) -> np.ndarray:
    return np.concatenate([statistics.roc_auc, statistics.average_precision])
