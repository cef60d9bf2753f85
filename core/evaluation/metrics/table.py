"""Table of the metrics that every evaluation computes.

A metric is one row: adding it here puts it, with its interval, into the report, onto the
Evaluate page and into the output of the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task
from core.evaluation.metrics.statistics import Statistics, masked_mean, ratio
from core.messages import N_


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number that describes a classifier on its test pictures."""

    code: str  # its key in reports; never renamed
    label: str
    help: str
    function: Callable[[Statistics], np.ndarray]  # float64 (weightings,), NaN where it is undefined
    is_higher_better: bool = True
    is_fraction: bool = True  # shown in percent
    is_mean_of_classes: bool = False  # every class counts the same, however few pictures show it
    tasks: tuple[Task, ...] = tuple(Task)


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """The rows that a task has."""
    return tuple(metric for metric in METRICS if task in metric.tasks)


def hamming_accuracy(statistics: Statistics) -> np.ndarray:
    """Fraction of right answers, counting each class of each picture."""
    wrong = statistics.predicted + statistics.support - 2 * statistics.hits
    fraction: np.ndarray = 1 - wrong.mean(axis=0) / statistics.pictures
    return fraction


def micro(statistics: Statistics) -> dict[str, np.ndarray]:
    """Precision, recall and F1 over all labels of all pictures together, each float64 (weightings,)."""
    hits, predicted, support = (
        counts.sum(axis=0) for counts in (statistics.hits, statistics.predicted, statistics.support)
    )
    return {
        "precision": ratio(hits, predicted),
        "recall": ratio(hits, support),
        "f1": ratio(2 * hits, predicted + support),
    }


def cohen_kappa(statistics: Statistics) -> np.ndarray:
    """Agreement beyond chance (Cohen 1960); NaN where chance alone agrees always."""
    by_chance = (statistics.support * statistics.predicted).sum(axis=0) / statistics.pictures**2
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa: np.ndarray = (statistics.exact - by_chance) / (1 - by_chance)
    return kappa


def matthews(statistics: Statistics) -> np.ndarray:
    """Correlation of labels and predictions (Gorodkin 2004); 0 where one of them is always the same."""
    n = statistics.pictures
    covariance = n * statistics.hits.sum(axis=0) - (statistics.support * statistics.predicted).sum(axis=0)
    spreads = (n**2 - (counts**2).sum(axis=0) for counts in (statistics.support, statistics.predicted))
    return ratio(covariance, np.sqrt(np.prod(list(spreads), axis=0)))


def mean_of_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the classes for which it is defined; NaN where it is for none."""
    return masked_mean(values, ~np.isnan(values))


METRICS: tuple[Metric, ...] = (
    Metric(
        code="accuracy",
        label=N_("Accuracy"),
        help=N_("Fraction of the pictures whose whole answer is right"),
        function=lambda test: test.exact,
    ),
    Metric(
        code="balanced_accuracy",
        label=N_("Balanced accuracy"),
        help=N_("Accuracy as if every class had equally many pictures; the mean of their recalls"),
        function=lambda test: test.macro(test.recall),
        is_mean_of_classes=True,
        tasks=(Task.MULTI_CLASS,),
    ),
    Metric(
        code="macro_precision",
        label=N_("Precision, mean of the classes"),
        help=N_("Of the pictures given a class, the fraction that show it; every class counts the same"),
        function=lambda test: test.macro(test.precision),
        is_mean_of_classes=True,
    ),
    Metric(
        code="macro_recall",
        label=N_("Recall, mean of the classes"),
        help=N_("Of the pictures that show a class, the fraction given it; every class counts the same"),
        function=lambda test: test.macro(test.recall),
        is_mean_of_classes=True,
    ),
    Metric(
        code="macro_specificity",
        label=N_("Specificity, mean of the classes"),
        help=N_("Of the pictures without a class, the fraction not given it; every class counts the same"),
        function=lambda test: test.macro(test.specificity),
        is_mean_of_classes=True,
    ),
    Metric(
        code="macro_f1",
        label=N_("F1, mean of the classes"),
        help=N_("Precision and recall in one number; every class counts the same"),
        function=lambda test: test.macro(test.f1),
        is_mean_of_classes=True,
    ),
    Metric(
        code="weighted_precision",
        label=N_("Precision, weighted by pictures"),
        help=N_("Of the pictures given a class, the fraction that show it; large classes count more"),
        function=lambda test: test.weighted(test.precision),
    ),
    Metric(
        code="weighted_recall",
        label=N_("Recall, weighted by pictures"),
        help=N_("Of the pictures that show a class, the fraction given it; large classes count more"),
        function=lambda test: test.weighted(test.recall),
    ),
    Metric(
        code="weighted_f1",
        label=N_("F1, weighted by pictures"),
        help=N_("Precision and recall in one number; every picture counts the same"),
        function=lambda test: test.weighted(test.f1),
    ),
    Metric(
        code="top_3_accuracy",
        label=N_("Right among the first three answers"),
        help=N_("Fraction of the pictures whose class is one of the three most probable"),
        function=lambda test: test.top,
        tasks=(Task.MULTI_CLASS,),
    ),
    Metric(
        code="hamming_accuracy",
        label=N_("Right answers, class by class"),
        help=N_("Fraction of right predictions, counting each class of each picture"),
        function=hamming_accuracy,
        tasks=(Task.MULTI_LABEL,),
    ),
    Metric(
        code="micro_f1",
        label=N_("F1 over all labels"),
        help=N_("Precision and recall in one number; every label counts the same"),
        function=lambda test: micro(test)["f1"],
        tasks=(Task.MULTI_LABEL,),
    ),
    Metric(
        code="roc_auc",
        label=N_("Area under the ROC curve"),
        help=N_("For a picture of each class, how often the right one gets the higher probability"),
        function=lambda test: mean_of_defined(test.roc_auc),
        is_mean_of_classes=True,
    ),
    Metric(
        code="mean_average_precision",
        label=N_("Mean average precision"),
        help=N_("How well each class is separated, at any threshold; every class counts the same"),
        function=lambda test: mean_of_defined(test.average_precision),
        is_mean_of_classes=True,
    ),
    Metric(
        code="cohen_kappa",
        label=N_("Cohen's kappa"),
        help=N_("Agreement of answers and labels beyond chance: 0 is chance, 1 is perfect"),
        function=cohen_kappa,
        is_fraction=False,
        tasks=(Task.MULTI_CLASS,),
    ),
    Metric(
        code="matthews",
        label=N_("Matthews correlation"),
        help=N_("Correlation of answers and labels: 0 is chance, 1 is perfect; fair with rare classes"),
        function=matthews,
        is_fraction=False,
        tasks=(Task.MULTI_CLASS,),
    ),
    Metric(
        code="log_loss",
        label=N_("Log loss"),
        help=N_("Punishes probabilities far from the truth, most of all sure mistakes; 0 is perfect"),
        function=lambda test: test.log_loss,
        is_higher_better=False,
        is_fraction=False,
    ),
    Metric(
        code="brier",
        label=N_("Brier score"),
        help=N_("Mean squared distance of the probabilities from the truth; 0 is perfect, 1 the worst"),
        function=lambda test: test.brier,
        is_higher_better=False,
        is_fraction=False,
    ),
)
