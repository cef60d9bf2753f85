"""Comparisons of two classifiers: false alarms and coverage in simulation, speed on many pictures."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.figures import Figure, Reference, Target
from benchmarks.intervals import simulated
from benchmarks.options import Options
from core.evaluation.comparison.differences import metric_differences
from core.evaluation.comparison.mcnemar import mcnemar_test
from core.evaluation.metrics.bootstrap import RESAMPLES
from core.evaluation.metrics.measuring import measure
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import statistics_of
from core.evaluation.metrics.table import METRICS

MOST_FALSE_ALARMS, LEAST_COVERAGE, MOST_COVERAGE = 6.0, 93.0, 97.5  # percent
_CHECKED = ("accuracy", "macro_f1", "log_loss", "roc_auc")


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Two classifiers whose scores share what is hard about a group and about a picture."""

    name: str
    groups: int
    pictures_each: int
    signals: tuple[float, float]
    classes: int = 4

    def draw(self, seed: int, groups: int | None = None) -> tuple[TestPredictions, TestPredictions]:
        """Draw a test set, by default of the kind's size."""
        random, count = np.random.default_rng(seed), groups or self.groups
        group = np.arange(count).repeat(self.pictures_each)
        labels = random.integers(0, self.classes, count)[group]
        shared = random.normal(size=(count, self.classes))[group] + random.normal(
            size=(len(group), self.classes)
        )
        tests = []
        for signal in self.signals:
            # Each classifier also errs by groups in its own way.
            scores = shared + random.normal(size=(count, self.classes))[group]
            scores += random.normal(size=(len(group), self.classes)) / 2
            scores[np.arange(len(group)), labels] += signal
            tests.append(simulated(scores, labels, group))
        return tests[0], tests[1]


EQUAL = (
    Pairs(name="300 single pictures", groups=300, pictures_each=1, signals=(2.0, 2.0)),
    Pairs(name="60 groups of 5", groups=60, pictures_each=5, signals=(2.0, 2.0)),
)
BETTER = tuple(replace(pairs, signals=(2.0, 2.5)) for pairs in EQUAL)


def run(options: Options) -> list[Figure]:
    trials = 50 if options.quick else 2000
    return [
        *(figure for pairs in EQUAL for figure in _alarm_figures(pairs, trials)),
        *(figure for pairs in BETTER for figure in _coverage_figures(pairs, trials // 4)),
        _speed_figure(1000 if options.quick else 10_000, 10 if options.quick else 100),
    ]


def _alarm_figures(pairs: Pairs, trials: int) -> list[Figure]:
    """Percentage of tests of equally good classifiers that call the difference significant."""
    alarms = 0
    ignoring_groups = 0
    for trial in range(trials):
        first, second = pairs.draw(trial)
        right = first.exact_matches, second.exact_matches
        alarms += mcnemar_test(*right, first.group_indices).is_significant
        ignoring_groups += mcnemar_test(*right, np.arange(len(right[0]))).is_significant
    return [
        Figure(
            name=f"false alarms of the paired test at 5%, {pairs.name}",
            measured=100 * alarms / trials,
            unit="%",
            reference=Reference(name="McNemar's test without groups", value=100 * ignoring_groups / trials),
            less_is_better=True,
            target=Target(of="measured", at_most=MOST_FALSE_ALARMS),
        )
    ]


def _coverage_figures(pairs: Pairs, trials: int) -> list[Figure]:
    """Percentage of simulated test sets whose interval holds the difference on a very large one."""
    metrics = [metric for metric in METRICS if metric.code in _CHECKED]
    many = [statistics_of(test) for test in pairs.draw(0, groups=200_000 // pairs.pictures_each)]
    truth = {
        metric.code: float(np.diff([metric.function(test)[0] for test in many])[0]) for metric in metrics
    }
    covered = dict.fromkeys(truth, 0)
    for trial in range(1, trials + 1):
        for row in metric_differences(*pairs.draw(trial), metrics, resamples=500, seed=trial):
            low, high = row.interval or (0.0, 0.0)
            covered[row.code] += low <= truth[row.code] <= high
    return [
        Figure(
            name=f"95% interval holds the difference, {code}, {pairs.name}",
            measured=100 * count / trials,
            unit="%",
            target=Target(at_least=LEAST_COVERAGE, at_most=MOST_COVERAGE),
        )
        for code, count in covered.items()
    ]


def _speed_figure(pictures: int, classes: int) -> Figure:
    pairs = Pairs(name="many", groups=pictures, pictures_each=1, signals=(3.0, 3.1), classes=classes)
    first, second = pairs.draw(0)
    began = time.perf_counter()
    metric_differences(first, second)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    measure(first)
    measure(second)
    return Figure(
        name=f"every difference with its interval, {pictures:,} × {classes}, {RESAMPLES:,} resamples",
        measured=seconds,
        unit="s",
        reference=Reference(name="measuring both one by one", value=time.perf_counter() - began),
        less_is_better=True,
    )
