"""The metric that matters, equal to scikit-learn and to costs added by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from core.data.labels.task import Task
from core.errors import ConfigError
from core.training.leading_metric import LeadingKind, LeadingMetric

NAMES = ("cat", "dog", "fox")
LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 1])
ANSWERS = np.array([0, 1, 0, 1, 2, 2, 2, 0, 1, 1])
COSTS = ((0.0, 1.0, 4.0), (2.0, 0.0, 8.0), (16.0, 32.0, 0.5))


def merit(metric: LeadingMetric, *, labels: np.ndarray = LABELS, answers: np.ndarray = ANSWERS) -> float:
    each = np.eye(3, dtype=bool)
    return metric.merit_of(Task.MULTI_CLASS, each[labels], each[answers])


def value(metric: LeadingMetric) -> float:
    each = np.eye(3, dtype=bool)
    return float(metric.value(metric.columns(Task.MULTI_CLASS, each[LABELS], each[ANSWERS]).sum(axis=0)))


@pytest.mark.parametrize(
    ("kind", "function", "options"),
    [
        (LeadingKind.ACCURACY, metrics.accuracy_score, {}),
        (LeadingKind.BALANCED_ACCURACY, metrics.balanced_accuracy_score, {}),
        (LeadingKind.MACRO_F1, metrics.f1_score, {"average": "macro"}),
        (LeadingKind.RECALL, metrics.recall_score, {"labels": [2], "average": "macro"}),
        (LeadingKind.PRECISION, metrics.precision_score, {"labels": [2], "average": "macro"}),
        (LeadingKind.F1, metrics.f1_score, {"labels": [2], "average": "macro"}),
    ],
)
def test_it_is_that_of_scikit_learn(kind: LeadingKind, function: object, options: dict[str, object]) -> None:
    metric = LeadingMetric(kind=kind, class_names=NAMES, class_name="fox")
    assert callable(function)
    assert merit(metric) == pytest.approx(function(LABELS, ANSWERS, **options))


def test_a_lower_cost_is_better() -> None:
    """Answers: 0→1 costs 1, 1→2 costs 8, 2→0 costs 16, 2→1 costs 32, twice 2→2 costs 0.5; 32 is the highest."""
    metric = LeadingMetric(kind=LeadingKind.COST, class_names=NAMES, costs=COSTS)
    assert value(metric) == pytest.approx((1 + 8 + 16 + 32 + 2 * 0.5) / 10)
    assert merit(metric) == pytest.approx(1 - value(metric) / 32)
    assert not metric.is_higher_better


def test_no_answer_costs_as_much_as_the_worst_one() -> None:
    """It counted as an answer of the first class, which costs nothing where that is right."""
    metric = LeadingMetric(kind=LeadingKind.COST, class_names=NAMES, costs=COSTS)
    targets, nothing = np.eye(3, dtype=bool), np.zeros((3, 3), bool)
    columns = metric.columns(Task.MULTI_CLASS, targets, nothing)
    assert columns[:, 0].tolist() == [max(row) for row in COSTS]


def test_a_miss_costs_by_its_class_and_a_wrongly_added_label_costs_one() -> None:
    metric = LeadingMetric(kind=LeadingKind.COST, class_names=NAMES, miss_costs=(5.0, 2.0, 1.0))
    assert value(metric) == pytest.approx((5 + 2 + 1 + 1) / 10)
    shown, given = np.array([[1, 1, 0], [0, 0, 0]], bool), np.array([[0, 1, 0], [1, 0, 1]], bool)
    columns = metric.columns(Task.MULTI_LABEL, shown, given)
    assert float(metric.value(columns.sum(axis=0))) == pytest.approx((5 + 2) / 2)
    assert metric.merit_of(Task.MULTI_LABEL, shown, given) == pytest.approx(1 - 3.5 / 8)


def test_a_class_without_pictures_does_not_count_in_a_mean() -> None:
    metric = LeadingMetric(kind=LeadingKind.MACRO_F1)
    assert merit(metric, labels=np.array([0, 0, 1]), answers=np.array([0, 0, 2])) == pytest.approx(0.5)


def test_the_recall_of_a_class_without_pictures_is_undefined() -> None:
    metric = LeadingMetric(kind=LeadingKind.RECALL, class_names=NAMES, class_name="fox")
    assert np.isnan(merit(metric, labels=np.array([0, 1]), answers=np.array([0, 2])))


def test_weighted_sums_are_pictures_that_count_several_times() -> None:
    each, weights = np.eye(3, dtype=bool), np.array([3, 1, 0, 2, 1, 1, 0, 4, 1, 1])
    metric = LeadingMetric(kind=LeadingKind.MACRO_F1)
    columns = metric.columns(Task.MULTI_CLASS, each[LABELS], each[ANSWERS])
    expected = merit(metric, labels=LABELS.repeat(weights), answers=ANSWERS.repeat(weights))
    assert float(metric.value(weights @ columns.astype(float))) == pytest.approx(expected)


def test_costs_follow_their_classes_into_another_version() -> None:
    metric = LeadingMetric(kind=LeadingKind.COST, class_names=NAMES, costs=COSTS)
    turned = metric.for_classes(("fox", "cat"))
    assert turned is not None
    assert turned.costs == ((0.5, 16.0), (4.0, 0.0))
    assert metric.for_classes(("cat", "dog", "fox", "owl")) is None


def test_costs_of_a_class_that_is_gone_lead_no_longer() -> None:
    """A cost of 0 for every mistake would judge nothing."""
    metric = LeadingMetric(kind=LeadingKind.COST, class_names=NAMES, miss_costs=(0.0, 0.0, 5.0))
    assert metric.for_classes(("cat", "dog")) is None
    matrix = LeadingMetric(kind=LeadingKind.COST, class_names=("cat", "fox"), costs=((0.0, 0.0), (3.0, 0.0)))
    assert matrix.for_classes(("cat",)) is None


def test_a_class_that_is_gone_has_no_recall() -> None:
    metric = LeadingMetric(kind=LeadingKind.RECALL, class_names=NAMES, class_name="fox")
    assert metric.for_classes(("cat", "dog")) is None
    moved = metric.for_classes(("fox", "cat"))
    assert moved is not None
    assert moved.class_names.index(moved.class_name) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": LeadingKind.RECALL, "class_name": "owl"},
        {"kind": LeadingKind.COST, "costs": ((0.0, 1.0), (1.0, 0.0))},
        {"kind": LeadingKind.COST, "miss_costs": (1.0, -1.0, 0.0)},
        {"kind": LeadingKind.COST, "miss_costs": (0.0, 0.0, 0.0)},
    ],
)
def test_a_metric_that_does_not_suit_the_classes_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"metric needs|cost must be|must have a cost"):
        LeadingMetric.from_json({"class_names": list(NAMES), **wrong})
