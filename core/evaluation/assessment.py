"""Assessment of a classifier on the test pictures: from probabilities to a report."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.metric_table import (
    TestPredictions,
    averages,
    class_average_precisions,
    compute_metrics,
    exact_matches,
)
from core.evaluation.metrics import confusion_matrix, macro_mean, weighted_mean
from core.evaluation.multi_label import best_thresholds, multi_label_report
from core.evaluation.report import Averages, ClassReport, MultiClassReport, MultiLabelReport
from core.statistics import wilson_interval


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


def multi_class_report(dataset: Dataset, rows: np.ndarray, probabilities: np.ndarray) -> MultiClassReport:
    """Assess predictions for pictures of exactly one class; arguments as in ``make_report``."""
    names, labels = dataset.class_names, dataset.label_indices[rows]
    predicted = probabilities.argmax(axis=1)
    test = _test_predictions(labels, predicted, probabilities)
    correct = int(exact_matches(test).sum())
    training_labels = dataset.label_indices[dataset.rows(Split.TRAIN)]
    majority = int(np.bincount(training_labels, minlength=len(names)).argmax())
    metrics = compute_metrics(test)
    confusion = confusion_matrix(labels, predicted, len(names))
    return MultiClassReport(
        task=dataset.task,
        pictures=len(rows),
        correct=correct,
        accuracy=correct / len(rows),
        accuracy_interval=wilson_interval(correct, len(rows)),
        majority_class=names[majority],
        majority_baseline=float((labels == majority).mean()),
        macro=Averages(**averages(test, macro_mean)),
        weighted=Averages(**averages(test, weighted_mean)),
        classes=tuple(
            ClassReport(name=name, **asdict(score))
            for name, score in zip(names, test.class_scores(), strict=True)
        ),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        roc_auc=metrics.get("roc_auc"),
        average_precision=_average_precisions(names, test) if "roc_auc" in metrics else {},
        metrics=metrics,
    )


def _test_predictions(
    labels: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray
) -> TestPredictions:
    every_class = np.eye(probabilities.shape[1], dtype=bool)
    return TestPredictions(
        task=Task.MULTI_CLASS,
        targets=every_class[labels],
        predicted=every_class[predicted],
        probabilities=probabilities,
    )


def _average_precisions(names: tuple[str, ...], test: TestPredictions) -> dict[str, float]:
    columns = zip(names, class_average_precisions(test), strict=True)
    return {name: value for name, value in columns if value is not None}
