"""Assessment of a classifier on the test pictures: from probabilities to a report."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.confusion import confusion_of
from core.evaluation.metrics.measuring import measure
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import Statistics
from core.evaluation.multi_label import best_thresholds, multi_label_report
from core.evaluation.report import ClassReport, MultiClassReport, MultiLabelReport


def make_report(
    dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray | None = None
) -> MultiClassReport | MultiLabelReport:
    """Assess the predictions on the test pictures.

    Args:
        rows: int64 row numbers of the test pictures.
        probabilities: float32, shape (len(rows), classes).
        thresholds: float, shape (classes,), of a multi-label dataset: from ``answer_thresholds``.
    """
    if thresholds is not None:
        return multi_label_report(dataset, rows, probabilities, thresholds)
    return multi_class_report(dataset, rows, probabilities)


def answer_thresholds(dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray) -> np.ndarray | None:
    """Choose the probability from which each class is predicted: float64 (classes,); None for a multi-class dataset.

    Args:
        rows: int64 row numbers of the validation pictures.
        probabilities: float32, shape (len(rows), classes).
    """
    if dataset.task is not Task.MULTI_LABEL:
        return None
    return best_thresholds(dataset.targets[rows], probabilities)


def multi_class_report(
    dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray, predicted: np.ndarray | None = None
) -> MultiClassReport:
    """Assess predictions for pictures of exactly one class.

    Args:
        rows, probabilities: as in ``make_report``.
        predicted: bool (len(rows), classes), the answers; None: the most probable class of each picture.
    """
    names, labels = dataset.class_names, dataset.label_indices[rows]
    test = TestPredictions.of(dataset, rows, probabilities)
    if predicted is not None:
        test = replace(test, predicted=predicted)
    measures = measure(test)
    training_labels = dataset.label_indices[dataset.rows(Split.TRAIN)]
    majority = int(np.bincount(training_labels, minlength=len(names)).argmax())
    confusion = confusion_of(test.targets, test.predicted)
    is_binary = len(names) == 2
    return MultiClassReport(
        task=dataset.task,
        pictures=len(rows),
        groups=measures.groups,
        correct=int(test.exact_matches.sum()),
        unanswered=test.unanswered,
        accuracy=measures.values["accuracy"],
        accuracy_interval=measures.intervals["accuracy"],
        majority_class=names[majority],
        majority_baseline=float((labels == majority).mean()),
        macro=measures.averages("macro"),
        weighted=measures.averages("weighted"),
        classes=tuple(
            ClassReport(name=name, **asdict(scores))
            for name, scores in zip(names, measures.classes, strict=True)
        ),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        roc_auc=measures.values.get("roc_auc") if is_binary else None,
        average_precision=_average_precisions(names, measures.statistics) if is_binary else {},
        metrics=measures.values,
        intervals=measures.intervals,
    )


def _average_precisions(names: tuple[str, ...], statistics: Statistics) -> dict[str, float]:
    pairs = zip(names, statistics.average_precision[:, 0].tolist(), strict=True)
    return {name: value for name, value in pairs if not math.isnan(value)}
