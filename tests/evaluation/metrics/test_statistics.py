"""Statistics that metrics are formulas of: worked out by hand, and against scikit-learn under any weighting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from core.data.labels.task import Task
from core.evaluation.metrics.predictions import most_probable
from core.evaluation.metrics.statistics import Statistics, StatisticsSource, statistics_of
from core.evaluation.metrics.table import METRICS
from tests.support.predictions import multi_class, multi_label

# Ten pictures of three classes. True cats: 4 right, 1 called dog. True dogs: 2 right, 1 called cat,
# 1 called fox. The only fox is called dog.
LABELS = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2]
PREDICTED = [0, 0, 0, 0, 1, 1, 1, 0, 2, 1]
CAT, DOG, FOX = range(3)


def ten_pictures() -> Statistics:
    return statistics_of(multi_class(LABELS, predicted=PREDICTED))


def test_precision_recall_and_f1_are_computed_by_hand() -> None:
    found = ten_pictures()
    # called cat 5, of which 4 are; called dog 4, of which 2 are; called fox 1, which is none
    assert found.precision[:, 0] == pytest.approx([4 / 5, 2 / 4, 0])
    assert found.recall[:, 0] == pytest.approx([4 / 5, 2 / 4, 0])
    assert found.support[:, 0].tolist() == [5, 4, 1]
    # not a cat 5, one of them called so; not a dog 6, two of them called so; not a fox 9, one of them called so
    assert found.specificity[:, 0] == pytest.approx([4 / 5, 4 / 6, 8 / 9])


def test_precision_and_recall_are_not_the_same_thing() -> None:
    """Called cat 4 with 3 right; 6 cats: F1 is the harmonic mean of 3/4 and 3/6, 0.6."""
    found = statistics_of(multi_class([0] * 6 + [1] * 6, predicted=[0] * 3 + [1] * 3 + [0] + [1] * 5))
    assert found.precision[:, 0] == pytest.approx([3 / 4, 5 / 8])
    assert found.recall[:, 0] == pytest.approx([3 / 6, 5 / 6])
    assert found.f1[CAT, 0] == pytest.approx(2 * 0.75 * 0.5 / (0.75 + 0.5)) == pytest.approx(0.6)


def test_a_class_never_predicted_has_precision_zero_not_nan() -> None:
    """As scikit-learn's ``zero_division=0``; a NaN could not be drawn or written as JSON."""
    found = statistics_of(multi_class([0, 0, 0, 1, 1], predicted=[1] * 5))
    assert (found.precision[CAT, 0], found.recall[CAT, 0], found.f1[CAT, 0]) == (0, 0, 0)


def test_a_picture_without_numbers_has_no_answer_and_counts_as_wrong() -> None:
    """NaN of the first class would be its answer by ``argmax``; of three classes each is among the first three."""
    probabilities = [[0.8, 0.1, 0.1], [np.nan] * 3, [0.1, np.nan, 0.9]]
    given = np.array(probabilities, np.float32)
    test = replace(multi_class([0, 0, 2], probabilities), predicted=most_probable(given))
    found = statistics_of(test)
    assert test.predicted.tolist() == [[True, False, False], [False] * 3, [False] * 3]
    assert (test.unanswered, found.exact[0], found.top[0]) == (2, pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert found.recall[:, 0] == pytest.approx([1 / 2, 0, 0])
    assert found.precision[:, 0] == pytest.approx([1, 0, 0])


def test_no_answer_is_not_the_answer_that_no_class_is_shown() -> None:
    test = multi_label([[0, 0], [0, 0]], [[0.1, 0.2], [np.nan, np.nan]])
    assert test.exact_matches.tolist() == [True, False]


def test_macro_counts_classes_and_weighted_counts_pictures() -> None:
    """The fox is one picture of ten, but one class of three."""
    found = ten_pictures()
    assert found.macro(found.f1)[0] == pytest.approx((0.8 + 0.5 + 0) / 3)
    assert found.weighted(found.f1)[0] == pytest.approx((5 * 0.8 + 4 * 0.5 + 1 * 0) / 10)
    assert found.weighted(found.recall)[0] == pytest.approx(found.exact[0])


def test_a_class_without_test_pictures_does_not_lower_the_macro_mean() -> None:
    """Nothing is known of it, which is not the same as nothing being right."""
    found = statistics_of(multi_class([0, 0, 1, 1], predicted=[0, 0, 1, 1], classes=3))
    assert found.macro(found.f1)[0] == found.weighted(found.f1)[0] == 1


def test_the_area_under_the_roc_curve_counts_pairs_in_the_right_order() -> None:
    """Of four pairs three are, and one is a tie: 3.5 of 4."""
    found = statistics_of(multi_label([[1], [0], [1], [0]], [[0.8], [0.6], [0.6], [0.1]]))
    assert found.roc_auc[0, 0] == 3.5 / 4
    assert np.isnan(statistics_of(multi_label([[1], [1]], [[0.8], [0.6]])).roc_auc[0, 0])


def test_average_precision_is_the_mean_precision_at_the_pictures_of_the_class() -> None:
    """Found first, third and fourth: precisions 1/1, 2/3 and 3/4."""
    shown = [[1], [0], [1], [1], [0]]
    found = statistics_of(multi_label(shown, [[0.9], [0.8], [0.7], [0.6], [0.5]]))
    assert found.average_precision[0, 0] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert np.isnan(statistics_of(multi_label([[0]], [[0.5]])).average_precision[0, 0])


def test_losses_are_computed_by_hand() -> None:
    """A cat seen with 0.8, a dog with 0.5: half the squared distances are 0.04 and 0.25."""
    test = multi_class([0, 1], [[0.8, 0.2], [0.5, 0.5]])
    found = statistics_of(test)
    assert found.log_loss[0] == pytest.approx(-(np.log(0.8) + np.log(0.5)) / 2)
    assert found.brier[0] == pytest.approx((0.04 + 0.25) / 2)


def test_a_sure_mistake_costs_much_but_not_infinity() -> None:
    found = statistics_of(multi_class([0], [[0.0, 1.0]]))
    assert 15 < found.log_loss[0] < 17


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31), classes=st.integers(2, 6), digits=st.integers(1, 3))
def test_every_metric_equals_scikit_learn_under_any_weighting(seed: int, classes: int, digits: int) -> None:
    """A weighting is a resample; rounded probabilities bring ties."""
    random = np.random.default_rng(seed)
    labels = np.append(np.arange(classes), random.integers(0, classes, 30))
    raw = random.random((len(labels), classes)).round(digits) + 0.001
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    test = multi_class(labels.tolist(), probabilities.tolist())
    weights = np.ones((len(labels), 3), np.float32)
    weights[classes:, 1:] = random.integers(0, 4, (30, 2))
    found = StatisticsSource(test).under(weights)
    for column in range(3):
        drawn = np.repeat(np.arange(len(labels)), weights[:, column].astype(int))
        expected = scikit_learn_metrics(labels[drawn], test.probabilities[drawn].astype(np.float64))
        for metric in METRICS:
            if Task.MULTI_CLASS in metric.tasks and metric.code in expected:
                value = metric.function(found)[column]
                assert value == pytest.approx(expected[metric.code], abs=1e-9), metric.code


def scikit_learn_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Every multi-class metric that scikit-learn has and that ties do not make ambiguous."""
    predicted, each = probabilities.argmax(axis=1), list(range(probabilities.shape[1]))
    shown = np.eye(len(each), dtype=bool)[labels]
    averaged = {
        f"{average}_{name}": function(labels, predicted, labels=each, average=average, zero_division=0)
        for average in ("macro", "weighted")
        for name, function in (
            ("precision", reference.precision_score),
            ("recall", reference.recall_score),
            ("f1", reference.f1_score),
        )
    }
    return averaged | {
        "accuracy": reference.accuracy_score(labels, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(labels, predicted),
        "roc_auc": reference.roc_auc_score(shown, probabilities, average="macro"),
        "mean_average_precision": reference.average_precision_score(shown, probabilities, average="macro"),
        "cohen_kappa": reference.cohen_kappa_score(labels, predicted),
        "matthews": reference.matthews_corrcoef(labels, predicted),
        "log_loss": reference.log_loss(labels, probabilities, labels=each),
        "brier": reference.brier_score_loss(shown, probabilities, scale_by_half=True),
    }


def test_a_true_class_without_any_probability_is_none_of_the_first_three_answers() -> None:
    """A sure mistake leaves 0 for all other classes; of equal ones the first is answered first."""
    sure = [[1.0, 0, 0, 0, 0]] * 5
    found = statistics_of(multi_class([0, 1, 2, 3, 4], probabilities=sure))
    assert found.top[0] == pytest.approx(3 / 5)
