"""Table of the metrics that every evaluation computes.

A metric is one row: adding it here puts it into the report, onto the Evaluate page and
into the output of the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.data.labels.task import Task
from core.evaluation.metrics import (
    AVERAGED,
    ClassScores,
    average_precision,
    macro_mean,
    roc_auc,
    scores_of_counts,
    weighted_mean,
)
from core.messages import N_


@dataclass(frozen=True, kw_only=True)
class TestPredictions:
    """True labels of the test pictures, and the predictions of a classifier."""

    __test__ = False  # pytest takes it for a test case by its name

    task: Task
    targets: np.ndarray  # bool (n, classes): the picture shows the class
    predicted: np.ndarray  # bool (n, classes)
    probabilities: np.ndarray  # float32 (n, classes)

    def class_scores(self) -> list[ClassScores]:
        """Precision, recall and F1 of each class."""
        return scores_of_counts(
            (self.targets & self.predicted).sum(axis=0), self.predicted.sum(axis=0), self.targets.sum(axis=0)
        )


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number that describes a classifier on its test pictures."""

    code: str  # its key in reports; never renamed
    label: str
    help: str
    function: Callable[[TestPredictions], float | None]  # None where it is undefined
    is_higher_better: bool = True
    is_fraction: bool = True  # shown in percent
    tasks: tuple[Task, ...] = tuple(Task)


def compute_metrics(test: TestPredictions) -> dict[str, float]:
    """Every metric of the table that is defined for these predictions, by code."""
    values = {metric.code: metric.function(test) for metric in METRICS if test.task in metric.tasks}
    return {code: value for code, value in values.items() if value is not None}


def exact_matches(test: TestPredictions) -> np.ndarray:
    """Pictures with the right prediction for every class: bool (n,)."""
    matches: np.ndarray = (test.targets == test.predicted).all(axis=1)
    return matches


def averages(test: TestPredictions, mean: Callable[[list[ClassScores], str], float]) -> dict[str, float]:
    """Mean precision, recall and F1 of the classes; 0 where no picture shows any class."""
    if not test.targets.any():
        return dict.fromkeys(AVERAGED, 0.0)
    scores = test.class_scores()
    return {name: mean(scores, name) for name in AVERAGED}


def micro_averages(test: TestPredictions) -> dict[str, float]:
    """Precision, recall and F1 over all labels of all pictures together."""
    targets, predicted = test.targets.reshape(-1, 1), test.predicted.reshape(-1, 1)
    (overall,) = scores_of_counts(
        (targets & predicted).sum(axis=0), predicted.sum(axis=0), targets.sum(axis=0)
    )
    return {name: getattr(overall, name) for name in AVERAGED}


def accuracy(test: TestPredictions) -> float:
    return int(exact_matches(test).sum()) / len(test.targets)


def hamming_accuracy(test: TestPredictions) -> float:
    """Fraction of right answers, counting each class of each picture."""
    return float((test.targets == test.predicted).mean())


def binary_roc_auc(test: TestPredictions) -> float | None:
    """Area under the ROC curve of two classes; None for more, or where one has no picture."""
    if test.targets.shape[1] != 2:
        return None
    return roc_auc(test.targets[:, 1], test.probabilities[:, 1])


def class_average_precisions(test: TestPredictions) -> list[float | None]:
    """Average precision of each class; None for a class that no picture shows."""
    columns = zip(test.targets.T, test.probabilities.T, strict=True)
    return [average_precision(shows, scores) for shows, scores in columns]


def mean_average_precision(test: TestPredictions) -> float | None:
    """Mean over the classes that are shown at all; None where none is."""
    known = [value for value in class_average_precisions(test) if value is not None]
    return float(np.mean(known)) if known else None


METRICS: tuple[Metric, ...] = (
    Metric(
        code="accuracy",
        label=N_("Accuracy"),
        help=N_("Fraction of the pictures whose whole answer is right"),
        function=accuracy,
    ),
    Metric(
        code="macro_precision",
        label=N_("Precision, mean of the classes"),
        help=N_("Of the pictures given a class, the fraction that show it; every class counts the same"),
        function=lambda test: averages(test, macro_mean)["precision"],
    ),
    Metric(
        code="macro_recall",
        label=N_("Recall, mean of the classes"),
        help=N_("Of the pictures that show a class, the fraction given it; every class counts the same"),
        function=lambda test: averages(test, macro_mean)["recall"],
    ),
    Metric(
        code="macro_f1",
        label=N_("F1, mean of the classes"),
        help=N_("Precision and recall in one number; every class counts the same"),
        function=lambda test: averages(test, macro_mean)["f1"],
    ),
    Metric(
        code="weighted_f1",
        label=N_("F1, weighted by pictures"),
        help=N_("Precision and recall in one number; every picture counts the same"),
        function=lambda test: averages(test, weighted_mean)["f1"],
        tasks=(Task.MULTI_CLASS,),
    ),
    Metric(
        code="roc_auc",
        label=N_("Area under the ROC curve"),
        help=N_("For a picture of each class, how often the right one gets the higher probability"),
        function=binary_roc_auc,
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
        function=lambda test: micro_averages(test)["f1"],
        tasks=(Task.MULTI_LABEL,),
    ),
    Metric(
        code="mean_average_precision",
        label=N_("Mean average precision"),
        help=N_("How well each class is separated, at any threshold; every class counts the same"),
        function=mean_average_precision,
        tasks=(Task.MULTI_LABEL,),
    ),
)
