"""Multi-label assessment: thresholds chosen on validation pictures, scores on test pictures.

Each class is predicted by itself, from its threshold on; test pictures only measure the
thresholds.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.label_sets import joined_labels
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.curves import ClassCurve
from core.evaluation.metrics.averages import AVERAGED, Averages
from core.evaluation.metrics.measuring import Measures, measure
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import Statistics, statistics_of
from core.evaluation.metrics.table import hamming_accuracy, micro
from core.evaluation.report import MultiLabelClassReport, MultiLabelReport, ThresholdScores
from core.evaluation.thresholds.choosing import has_enough, midway_thresholds

USUAL_THRESHOLD = 0.5


def best_thresholds(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Choose for each class the threshold with the best F1: float64 (classes,).

    It lies midway between two probabilities that occur; of equally good ones, the nearest to
    0.5 is taken. Classes that fewer than five pictures show, or do not show, keep 0.5.

    Args:
        targets: 0 or 1, shape (n, classes), of validation pictures.
        probabilities: float, shape (n, classes).
    """
    columns = zip((targets > 0.5).T, probabilities.T, strict=True)
    return np.array([_best_threshold(shows, scores) for shows, scores in columns], np.float64)


def _best_threshold(shows: np.ndarray, probabilities: np.ndarray) -> float:
    curve = ClassCurve.of(shows, probabilities)
    if not has_enough(curve):
        return USUAL_THRESHOLD
    f1 = 2 * curve.hits / (curve.hits + curve.added + curve.positives)
    best = midway_thresholds(curve)[f1 >= f1.max() - 1e-12]
    return float(best[np.abs(best - USUAL_THRESHOLD).argmin()])


def multi_label_report(
    dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray
) -> MultiLabelReport:
    """Assess predictions for pictures with any number of labels.

    Args:
        rows: int64 row numbers of the test pictures.
        probabilities: float32, shape (len(rows), classes).
        thresholds: float, shape (classes,), from ``best_thresholds`` of validation pictures.
    """
    targets = dataset.targets
    majority = _majority_answer(targets[dataset.rows(Split.TRAIN)])
    test = TestPredictions.of(dataset, rows, probabilities, thresholds)
    at_half = statistics_of(replace(test, predicted=probabilities >= USUAL_THRESHOLD))
    measures = measure(test)
    scores = _threshold_scores(measures.statistics)
    return MultiLabelReport(
        task=Task.MULTI_LABEL,
        pictures=len(rows),
        groups=measures.groups,
        correct=int(test.exact_matches.sum()),
        unanswered=test.unanswered,
        accuracy=scores.accuracy,
        hamming_accuracy=scores.hamming_accuracy,
        macro=scores.macro,
        micro=scores.micro,
        accuracy_interval=measures.intervals["accuracy"],
        majority_class=joined_labels(majority, dataset.class_names)[0],
        majority_baseline=float((test.targets == majority).all(axis=1).mean()),
        hamming_baseline=float((test.targets == majority).mean()),
        mean_average_precision=measures.values.get("mean_average_precision"),
        mean_prevalence=float(test.targets.mean()),
        at_half=_threshold_scores(at_half),
        classes=_class_reports(dataset.class_names, test, measures, at_half, thresholds),
        metrics=measures.values,
        intervals=measures.intervals,
    )


def _threshold_scores(statistics: Statistics) -> ThresholdScores:
    means = {
        name: statistics.macro(getattr(statistics, name)) if statistics.support.any() else np.zeros(1)
        for name in AVERAGED
    }
    return ThresholdScores(
        accuracy=float(statistics.exact[0]),
        hamming_accuracy=float(hamming_accuracy(statistics)[0]),
        macro=Averages(**{name: float(values[0]) for name, values in means.items()}),
        micro=Averages(**{name: float(values[0]) for name, values in micro(statistics).items()}),
    )


def _class_reports(
    class_names: tuple[str, ...],
    test: TestPredictions,
    measures: Measures,
    at_half: Statistics,
    thresholds: np.ndarray,
) -> tuple[MultiLabelClassReport, ...]:
    columns = zip(
        class_names,
        measures.classes,
        at_half.f1[:, 0].tolist(),
        measures.statistics.average_precision[:, 0].tolist(),
        thresholds.tolist(),
        test.targets.T,
        test.predicted.T,
        strict=True,
    )
    return tuple(
        MultiLabelClassReport(
            name=name,
            **asdict(scores),
            average_precision=None if math.isnan(precision) else precision,
            threshold=threshold,
            f1_at_half=f1_at_half,
            prevalence=float(shows.mean()),
            confusion=_two_by_two(shows, answered),
        )
        for name, scores, f1_at_half, precision, threshold, shows, answered in columns
    )


def _two_by_two(shows: np.ndarray, answered: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Pictures by truth (rows: not shown, shown) and answer (columns: no, yes)."""
    counts = np.bincount(2 * shows + answered, minlength=4).reshape(2, 2)
    return tuple(tuple(row) for row in counts.tolist())


def _majority_answer(targets: np.ndarray) -> np.ndarray:
    """The most frequent set of classes, bool (1, classes): the best answer without looking at pictures."""
    sets, counts = np.unique(targets > 0.5, axis=0, return_counts=True)
    majority: np.ndarray = sets[[counts.argmax()]]
    return majority
