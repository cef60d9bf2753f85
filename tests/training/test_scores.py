"""Scores of answers, counted by hand and held against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from core.data.labels.task import Task
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.training.scores import confusion_of, score_logits


def test_scores_of_one_class_a_picture() -> None:
    """Three of four right; nobody shows class 2, so it does not count for F1."""
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.2, 0.5, 0.3]]))
    labels = np.array([0, 1, 1, 1])
    targets = np.eye(3)[labels]
    scores = score_logits(logits, targets, Task.MULTI_CLASS)
    assert scores.accuracy == 0.75
    assert scores.loss == pytest.approx(log_loss(labels, np.exp(logits), labels=[0, 1, 2]))
    # class 0: precision 1/2, recall 1; class 1: precision 1, recall 2/3
    assert scores.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert confusion_of(logits, targets) == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]


def test_scores_of_several_labels() -> None:
    """A picture is right if all its labels are: here the first and the last, which shows none."""
    logits = np.array([[3.0, -2.0], [1.0, 4.0], [-1.0, -5.0]])
    targets = np.array([[1, 0], [1, 0], [0, 0]], float)
    scores = score_logits(logits, targets, Task.MULTI_LABEL)
    assert scores.accuracy == pytest.approx(2 / 3)
    probabilities = 1 / (1 + np.exp(-logits))
    expected = -(targets * np.log(probabilities) + (1 - targets) * np.log(1 - probabilities)).mean()
    assert scores.loss == pytest.approx(expected)
    assert scores.macro_f1 == pytest.approx(f1_score(targets[:, 0], logits[:, 0] > 0))


def test_the_metric_that_matters_is_scored_where_it_is_asked_for() -> None:
    """Two of three pictures of class 1 are found."""
    logits = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    targets = np.eye(2)[[0, 1, 1, 1]]
    metric = LeadingMetric(kind=LeadingKind.RECALL, class_names=("a", "b"), class_name="b")
    assert score_logits(logits, targets, Task.MULTI_CLASS, metric).leading == pytest.approx(2 / 3)
    assert score_logits(logits, targets, Task.MULTI_CLASS).leading is None


def test_logits_of_any_size_give_finite_losses() -> None:
    logits, targets = np.array([[1e4, -1e4]]), np.array([[0.0, 1.0]])
    assert score_logits(logits, targets, Task.MULTI_CLASS).loss == pytest.approx(2e4)
    assert score_logits(logits, targets, Task.MULTI_LABEL).loss == pytest.approx(1e4)
