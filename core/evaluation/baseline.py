"""Metrics of the best answer without looking at pictures, beside which those of a classifier are read.

It always gives the most frequent label of the training pictures, with the share of each class
among them as its probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.data.labels.label_sets import label_names
from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import statistics_of
from core.evaluation.metrics.table import metrics_of


def majority_metrics(evaluated: EvaluatedRun) -> Mapping[str, float]:
    """Compute every metric that is defined for the majority answer on a run's test pictures, by code.

    Empty for a report of an older version, which names no majority, and without test pictures.
    """
    dataset, majority = evaluated.dataset, evaluated.report.majority_class
    training = dataset.targets[evaluated.rows(Split.TRAIN)] > 0.5
    if not majority or not len(training) or not len(evaluated.test.targets):
        return {}
    answers = always_answered(evaluated.test, majority, dataset.class_names)
    shares = training.mean(axis=0).astype(np.float32)
    statistics = statistics_of(replace(answers, probabilities=np.tile(shares, (len(answers.targets), 1))))
    values = {metric.code: float(metric.function(statistics)[0]) for metric in metrics_of(answers.task)}
    return {code: value for code, value in values.items() if not np.isnan(value)}


def always_answered(test: TestPredictions, label: str, names: Sequence[str]) -> TestPredictions:
    """Replace the answers by one label, a class or several joined ones; probabilities stay, NaN as 0."""
    answer = np.isin(np.array(names, object), [label] if label in names else label_names(label))
    return replace(
        test,
        predicted=np.tile(answer, (len(test.targets), 1)),
        # It answers where a classifier cannot.
        probabilities=np.nan_to_num(test.probabilities),
    )
