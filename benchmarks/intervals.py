"""Intervals of metrics: speed against a loop over scikit-learn, and coverage of the truth in simulation.

The loop over scikit-learn is timed on a few resamples and multiplied, for all of them
would take hours; its values are compared with Darkroom's on these resamples.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn import metrics as reference

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from core.data.labels.task import Task
from core.evaluation.metrics.bootstrap import RESAMPLES, resample_weights, resampled
from core.evaluation.metrics.intervals import bootstrap_interval
from core.evaluation.metrics.measuring import measure
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import Statistics, StatisticsSource, statistics_of
from core.evaluation.metrics.table import metrics_of

PICTURES, CLASSES = 10_000, 100
MOST_SECONDS, LEAST_RATIO, MOST_DIFFERENCE = 1.5, 20.0, 1e-9
LEAST_COVERAGE, MOST_COVERAGE = 93.0, 97.0  # percent
_REFERENCE_RESAMPLES = 2
_CHECKED = ("accuracy", "macro_f1", "roc_auc", "mean_average_precision", "log_loss", "cohen_kappa")


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A kind of test set: pictures of a group share their class and a part of what misleads the classifier."""

    name: str
    groups: int
    pictures_each: int
    shared_noise: float  # standard deviation, where that of each picture is 1
    signal: float = 2.0
    classes: int = 5

    def draw(self, seed: int, groups: int | None = None) -> TestPredictions:
        """Draw a test set, by default of the kind's size."""
        random, count = np.random.default_rng(seed), groups or self.groups
        group = np.arange(count).repeat(self.pictures_each)
        labels = random.integers(0, self.classes, count)[group]
        scores = self.shared_noise * random.normal(size=(count, self.classes))[group]
        scores += random.normal(size=(len(group), self.classes))
        scores[np.arange(len(group)), labels] += self.signal
        return simulated(scores, labels, group)


SIMULATIONS = (
    Simulation(name="300 single pictures", groups=300, pictures_each=1, shared_noise=0),
    Simulation(name="100 groups of 5", groups=100, pictures_each=5, shared_noise=1),
)


def run(options: Options) -> list[Figure]:
    size, classes = (1000, 10) if options.quick else (PICTURES, CLASSES)
    kind = Simulation(name="many", groups=size, pictures_each=1, shared_noise=0, signal=3.0, classes=classes)
    test = kind.draw(0)
    trials = 20 if options.quick else 1000
    return [
        _speed_figure(test, 100 if options.quick else RESAMPLES),
        _difference_figure(test),
        *(figure for simulation in SIMULATIONS for figure in _coverage_figures(simulation, trials)),
    ]


def simulated(scores: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> TestPredictions:
    """Predictions by the softmax of scores, float (n, classes)."""
    each = np.eye(scores.shape[1], dtype=bool)
    powers = np.exp(scores)
    probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return TestPredictions(
        task=Task.MULTI_CLASS,
        targets=each[labels],
        predicted=each[probabilities.argmax(axis=1)],
        probabilities=probabilities,
        groups=groups,
    )


def _speed_figure(test: TestPredictions, resamples: int) -> Figure:
    began = time.perf_counter()
    measure(test, resamples=resamples)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    for rows in _drawn_rows(test):
        _scikit_learn(test, rows)
    loop = (time.perf_counter() - began) / _REFERENCE_RESAMPLES * resamples
    rows, classes = test.targets.shape
    return Figure(
        name=f"all metrics and intervals, {rows:,} × {classes}, {resamples:,} resamples",
        measured=seconds,
        unit="s",
        reference=Reference(name="a loop over scikit-learn", value=loop),
        less_is_better=True,
        target=Target(of="measured", at_most=MOST_SECONDS),
        details={"least_ratio": LEAST_RATIO},
    )


def _difference_figure(test: TestPredictions) -> Figure:
    weights = next(resample_weights(test, resamples=_REFERENCE_RESAMPLES, seed=0))
    found = StatisticsSource(test).under(weights)
    differences = [
        abs(float(metric.function(found)[column]) - expected[metric.code])
        for column, rows in enumerate(_drawn_rows(test))
        for expected in (_scikit_learn(test, rows),)
        for metric in metrics_of(test.task)
        if metric.code in expected
    ]
    return Figure(
        name="largest difference to scikit-learn",
        measured=max(differences),
        unit="",
        target=Target(at_most=MOST_DIFFERENCE),
    )


def _coverage_figures(simulation: Simulation, trials: int) -> list[Figure]:
    """Percentage of simulated test sets whose interval holds the value of a very large one."""
    metrics = [metric for metric in metrics_of(Task.MULTI_CLASS) if metric.code in _CHECKED]

    def values(drawn: Statistics) -> np.ndarray:
        return np.stack([metric.function(drawn) for metric in metrics])

    truth = values(statistics_of(simulation.draw(0, groups=200_000 // simulation.pictures_each)))[:, 0]
    covered = np.zeros(len(metrics))
    for trial in range(1, trials + 1):
        source = StatisticsSource(simulation.draw(trial))
        own = values(source.as_they_are())[:, 0]
        samples = resampled(source, values, resamples=500, seed=trial)
        covered += [
            _holds(bootstrap_interval(float(value), row, simulation.groups), expected)
            for value, row, expected in zip(own, samples, truth, strict=True)
        ]
    return [
        Figure(
            name=f"95% interval holds the truth, {metric.code}, {simulation.name}",
            measured=100 * count / trials,
            unit="%",
            target=Target(at_least=LEAST_COVERAGE, at_most=MOST_COVERAGE),
        )
        for metric, count in zip(metrics, covered.tolist(), strict=True)
    ]


def _holds(interval: tuple[float, float] | None, value: float) -> bool:
    return interval is not None and interval[0] <= value <= interval[1]


def _drawn_rows(test: TestPredictions) -> Sequence[np.ndarray]:
    weights = next(resample_weights(test, resamples=_REFERENCE_RESAMPLES, seed=0))
    return [np.repeat(np.arange(len(weights)), times.astype(int)) for times in weights.T]


def _scikit_learn(test: TestPredictions, rows: np.ndarray) -> dict[str, float]:
    shown, probabilities = test.targets[rows], test.probabilities[rows].astype(np.float64)
    labels, predicted = shown.argmax(axis=1), test.predicted[rows].argmax(axis=1)
    each = list(range(shown.shape[1]))
    scores = {
        f"{average}_{name}": value
        for average in ("macro", "weighted")
        for name, value in zip(
            ("precision", "recall", "f1"),
            reference.precision_recall_fscore_support(
                labels, predicted, labels=each, average=average, zero_division=0
            ),
            strict=False,
        )
    }
    return scores | {
        "accuracy": reference.accuracy_score(labels, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(labels, predicted),
        "roc_auc": reference.roc_auc_score(shown, probabilities, average="macro"),
        "mean_average_precision": reference.average_precision_score(shown, probabilities, average="macro"),
        "cohen_kappa": reference.cohen_kappa_score(labels, predicted),
        "matthews": reference.matthews_corrcoef(labels, predicted),
        "log_loss": reference.log_loss(labels, probabilities, labels=each),
        "brier": reference.brier_score_loss(shown, probabilities, scale_by_half=True),
        "top_3_accuracy": reference.top_k_accuracy_score(labels, probabilities, k=3, labels=each),
    }
