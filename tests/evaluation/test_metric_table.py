"""Metric table: each row is computed, written to the report and shown."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.labels.task import Task
from core.evaluation import metric_table
from core.evaluation.metric_table import METRICS, Metric, TestPredictions, compute_metrics


def predictions_of(labels: list[int], predicted: list[int], classes: int = 3) -> TestPredictions:
    each = np.eye(classes, dtype=bool)
    return TestPredictions(
        task=Task.MULTI_CLASS,
        targets=each[labels],
        predicted=each[predicted],
        probabilities=each[predicted].astype(np.float32),
    )


def test_multi_class_metrics_equal_those_of_scikit_learn() -> None:
    from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

    labels, predicted = [0, 0, 1, 2, 2, 2, 1], [0, 1, 1, 2, 0, 2, 2]
    assert compute_metrics(predictions_of(labels, predicted)) == pytest.approx(
        {
            "accuracy": accuracy_score(labels, predicted),
            "macro_precision": precision_score(labels, predicted, average="macro"),
            "macro_recall": recall_score(labels, predicted, average="macro"),
            "macro_f1": f1_score(labels, predicted, average="macro"),
            "weighted_f1": f1_score(labels, predicted, average="weighted"),
        }
    )


def test_multi_label_metrics_equal_those_of_scikit_learn() -> None:
    from sklearn.metrics import average_precision_score, f1_score

    random = np.random.default_rng(0)
    targets, probabilities = random.random((30, 4)) > 0.6, random.random((30, 4)).astype(np.float32)
    answers = probabilities > 0.5
    test = TestPredictions(
        task=Task.MULTI_LABEL, targets=targets, predicted=answers, probabilities=probabilities
    )
    values = compute_metrics(test)
    assert "weighted_f1" not in values
    assert values["accuracy"] == (targets == answers).all(axis=1).mean()
    assert values["hamming_accuracy"] == (targets == answers).mean()
    assert values["micro_f1"] == pytest.approx(f1_score(targets, answers, average="micro"))
    assert values["mean_average_precision"] == pytest.approx(average_precision_score(targets, probabilities))


def test_codes_are_unique() -> None:
    assert len({metric.code for metric in METRICS}) == len(METRICS)


def test_an_undefined_metric_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    undefined = Metric(code="nothing", label="Nothing", help="", function=lambda test: None)
    monkeypatch.setattr(metric_table, "METRICS", (undefined,))
    assert compute_metrics(predictions_of([0, 1], [0, 1])) == {}
