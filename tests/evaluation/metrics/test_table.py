"""Metric table: each row has a value and an interval, or is left out where it is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.labels.task import Task
from core.evaluation.metrics import table
from core.evaluation.metrics.measuring import measure
from core.evaluation.metrics.table import METRICS, Metric, metrics_of
from tests.support.predictions import multi_class, multi_label


def test_codes_are_unique() -> None:
    assert len({metric.code for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("task", list(Task))
def test_every_metric_of_a_task_has_a_value_inside_its_interval(task: Task) -> None:
    random = np.random.default_rng(0)
    if task is Task.MULTI_CLASS:
        labels = random.integers(0, 3, 60)
        scores = random.random((60, 3)) + np.eye(3)[labels] / 2
        test = multi_class(labels.tolist(), (scores / scores.sum(axis=1, keepdims=True)).tolist())
    else:
        test = multi_label((random.random((60, 3)) < 0.4).tolist(), random.random((60, 3)).tolist())
    found = measure(test, resamples=200)
    assert set(found.values) == set(found.intervals) == {metric.code for metric in metrics_of(task)}
    for code, (low, high) in found.intervals.items():
        assert low <= found.values[code] <= high, code


def test_an_undefined_metric_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    undefined = Metric(
        code="nothing", label="Nothing", help="", function=lambda test: np.full(len(test.pictures), np.nan)
    )
    monkeypatch.setattr(table, "METRICS", (undefined, METRICS[0]))
    assert set(measure(multi_class([0, 1], predicted=[0, 1]), resamples=10).values) == {METRICS[0].code}


def test_chance_agreement_is_no_agreement() -> None:
    """Always answering the same is right for 3 of 4, and tells nothing."""
    found = measure(multi_class([0, 0, 0, 1], predicted=[0] * 4), resamples=10).values
    assert (found["accuracy"], found["cohen_kappa"], found["matthews"]) == (0.75, 0, 0)
    assert found["balanced_accuracy"] == 0.5


def test_the_first_three_answers_may_hold_the_class() -> None:
    order = [0.4, 0.3, 0.2, 0.1]
    assert measure(multi_class([0, 2, 3], [order] * 3), resamples=10).values["top_3_accuracy"] == 2 / 3
