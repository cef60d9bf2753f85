"""Every figure of the report, against numbers worked out by hand or printed in the literature."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.metrics import (
    ClassScores,
    average_precision,
    class_scores,
    confusion_matrix,
    macro_mean,
    roc_auc,
    weighted_mean,
)

# Ten pictures of three classes. True cats: 4 right, 1 called dog. True dogs: 2 right, 1 called cat,
# 1 called fox. The only fox is called dog.
LABELS = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 2])
PREDICTED = np.array([0, 0, 0, 0, 1, 1, 1, 0, 2, 1])
CONFUSION = np.array([[4, 1, 0], [1, 2, 1], [0, 1, 0]])


def test_the_confusion_matrix_has_true_rows_and_predicted_columns() -> None:
    """Transposed, precision and recall would change places."""
    confusion = confusion_matrix(LABELS, PREDICTED, 3)
    np.testing.assert_array_equal(confusion, CONFUSION)
    assert confusion.dtype == np.int64


def test_a_class_that_never_occurs_has_an_empty_row_and_column() -> None:
    confusion = confusion_matrix(np.array([0, 1]), np.array([1, 1]), 4)
    assert confusion.tolist() == [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_precision_recall_and_f1_are_computed_by_hand() -> None:
    cat, dog, fox = class_scores(CONFUSION)
    # called cat 5, of which 4 are; 5 cats, of which 4 were called so
    assert (cat.precision, cat.recall, cat.f1, cat.support) == pytest.approx((4 / 5, 4 / 5, 4 / 5, 5))
    # called dog 4, of which 2 are; 4 dogs, of which 2 were called so
    assert (dog.precision, dog.recall, dog.f1, dog.support) == pytest.approx((1 / 2, 1 / 2, 1 / 2, 4))
    assert fox == ClassScores(precision=0.0, recall=0.0, f1=0.0, support=1)


def test_precision_and_recall_are_not_the_same_thing() -> None:
    """Called cat 4 with 3 right; 6 cats: F1 is the harmonic mean of 3/4 and 3/6, 0.6."""
    cat, dog = class_scores(np.array([[3, 3], [1, 5]]))
    assert (cat.precision, cat.recall) == pytest.approx((0.75, 0.5))
    assert cat.f1 == pytest.approx(2 * 0.75 * 0.5 / (0.75 + 0.5)) == pytest.approx(0.6)
    assert (dog.precision, dog.recall) == pytest.approx((5 / 8, 5 / 6))


def test_a_class_never_predicted_has_precision_zero_not_nan() -> None:
    """As scikit-learn's ``zero_division=0``; a NaN could not be drawn or written as JSON."""
    never, always = class_scores(np.array([[0, 3], [0, 5]]))
    assert (never.precision, never.recall, never.f1) == (0.0, 0.0, 0.0)
    assert (always.precision, always.recall) == (5 / 8, 1.0)


def test_macro_counts_classes_and_weighted_counts_pictures() -> None:
    """The fox is one picture of ten, but one class of three."""
    scores = class_scores(CONFUSION)
    assert macro_mean(scores, "f1") == pytest.approx((0.8 + 0.5 + 0.0) / 3)
    assert weighted_mean(scores, "f1") == pytest.approx((5 * 0.8 + 4 * 0.5 + 1 * 0.0) / 10)


def test_weighted_recall_is_the_accuracy() -> None:
    """An identity: both count the right pictures."""
    assert weighted_mean(class_scores(CONFUSION), "recall") == pytest.approx((LABELS == PREDICTED).mean())


def test_a_class_without_test_pictures_does_not_lower_the_macro_mean() -> None:
    """Nothing is known of it, which is not the same as nothing being right."""
    scores = class_scores(np.array([[2, 0, 0], [0, 2, 0], [0, 0, 0]]))
    assert scores[2].support == 0
    assert macro_mean(scores, "f1") == 1.0
    assert weighted_mean(scores, "f1") == 1.0


def test_the_averages_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import precision_recall_fscore_support

    draw = np.random.default_rng(0)
    labels, predicted = draw.integers(0, 5, 200), draw.integers(0, 5, 200)
    scores = class_scores(confusion_matrix(labels, predicted, 5))
    for average, mean in (("macro", macro_mean), ("weighted", weighted_mean)):
        expected = precision_recall_fscore_support(labels, predicted, average=average)[:3]
        assert [mean(scores, name) for name in ("precision", "recall", "f1")] == pytest.approx(list(expected))


def test_the_area_under_the_roc_curve_counts_pairs_in_the_right_order() -> None:
    """Of four pairs three are, and one is a tie: 3.5 of 4."""
    shows = np.array([True, False, True, False])
    assert roc_auc(shows, np.array([0.8, 0.6, 0.6, 0.1])) == 3.5 / 4
    assert roc_auc(np.array([True, True]), np.array([0.8, 0.6])) is None


def test_average_precision_is_the_mean_precision_at_the_pictures_of_the_class() -> None:
    """Found first, third and fourth: precisions 1/1, 2/3 and 3/4."""
    shows = np.array([True, False, True, True, False])
    assert average_precision(shows, np.array([0.9, 0.8, 0.7, 0.6, 0.5])) == pytest.approx(
        (1 + 2 / 3 + 3 / 4) / 3
    )
    assert average_precision(np.array([False]), np.array([0.5])) is None


def test_both_agree_with_scikit_learn() -> None:
    """With ties, as scores rounded to a tenth have them."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    random = np.random.default_rng(0)
    for _ in range(20):
        shows, scores = random.random(40) < 0.3, random.random(40).round(1)
        assert roc_auc(shows, scores) == pytest.approx(roc_auc_score(shows, scores))
        assert average_precision(shows, scores) == pytest.approx(average_precision_score(shows, scores))
