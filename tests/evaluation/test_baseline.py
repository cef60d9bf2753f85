"""Metrics of always giving the most frequent answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score, log_loss

from core.data.labels.layout import Split
from core.evaluation.baseline import always_answered, majority_metrics
from core.evaluation.evaluated_run import EvaluatedRun
from tests.support.predictions import multi_label


def test_the_majority_answer_is_scikit_learns_dummy_classifier(finished_run: Path) -> None:
    """Its strategy "prior" has the shares of the training pictures as probabilities."""
    evaluated = EvaluatedRun.open(finished_run)
    training, test = (evaluated.rows(split) for split in (Split.TRAIN, Split.TEST))
    labels = evaluated.dataset.label_indices
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((len(training), 1)), labels[training])
    nothing = np.zeros((len(test), 1))
    found = majority_metrics(evaluated)
    assert found["accuracy"] == evaluated.report.majority_baseline == dummy.score(nothing, labels[test])
    assert found["macro_f1"] == pytest.approx(
        f1_score(labels[test], dummy.predict(nothing), average="macro", zero_division=0)
    )
    assert found["log_loss"] == pytest.approx(log_loss(labels[test], dummy.predict_proba(nothing)), abs=1e-6)
    assert (found["roc_auc"], found["cohen_kappa"], found["matthews"]) == (0.5, 0.0, 0.0)
    assert found.keys() == evaluated.report.metrics.keys()


def test_a_report_that_names_no_majority_has_no_baseline(finished_run: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    older = replace(evaluated, report=replace(evaluated.report, majority_class=""))
    assert majority_metrics(older) == {}


def test_a_majority_of_several_labels_is_answered_as_a_set() -> None:
    test = multi_label([[1, 0, 1], [0, 0, 0]], [[0.9, 0.9, 0.9], [0.1, 0.1, 0.1]])
    assert (
        always_answered(test, "cat; fox", ("cat", "dog", "fox")).predicted.tolist()
        == [[True, False, True]] * 2
    )
    assert not always_answered(test, "–", ("cat", "dog", "fox")).predicted.any()
