"""Curves of a class against all others: equal to scikit-learn at every threshold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from core.evaluation.curves import ClassCurve, curve_areas, drawn_points
from core.statistics import wilson_interval
from tests.support.predictions import multi_class


def some_scores(pictures: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities that overlap; two decimals, so that many are equal."""
    random = np.random.default_rng(seed)
    shows = random.random(pictures) < 0.3
    scores = np.clip(random.normal(0.4 + 0.2 * shows, 0.2), 0, 1).round(2).astype(np.float32)
    return shows, scores


def test_roc_curve_is_that_of_scikit_learn() -> None:
    shows, scores = some_scores()
    curve = ClassCurve.of(shows, scores)
    false_positives, recall, thresholds = roc_curve(shows, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_positive_rate, false_positives, atol=1e-12)
    np.testing.assert_allclose(curve.recall, recall, atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds, thresholds)


def test_precision_recall_curve_is_that_of_scikit_learn() -> None:
    shows, scores = some_scores()
    curve = ClassCurve.of(shows, scores)
    precision, recall, thresholds = precision_recall_curve(shows, scores)
    np.testing.assert_allclose(curve.precision, precision[::-1], atol=1e-12)
    np.testing.assert_allclose(curve.recall, recall[::-1], atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds[1:], thresholds[::-1])


def test_probabilities_that_are_no_numbers_come_last() -> None:
    curve = ClassCurve.of(np.array([True, False, True]), np.array([0.5, np.nan, np.nan]))
    assert curve.thresholds.tolist() == [np.inf, 0.5, -np.inf]
    assert (curve.hits.tolist(), curve.added.tolist()) == ([0, 1, 2], [0, 0, 1])


def test_areas_are_those_of_scikit_learn_and_lie_in_their_intervals() -> None:
    shows, scores = some_scores()
    test = multi_class(shows.astype(int).tolist(), np.stack([1 - scores, scores], axis=1).tolist())
    areas = curve_areas(test, 1, resamples=200)
    assert areas is not None
    assert areas.roc.value == pytest.approx(roc_auc_score(shows, scores))
    assert areas.average_precision.value == pytest.approx(average_precision_score(shows, scores))
    for area in (areas.roc, areas.average_precision):
        low, high = area.interval
        assert low < area.value < high < low + 0.25


def test_bursts_widen_the_interval_of_an_area() -> None:
    """Ten equal pictures of a group are one observation."""
    shows, scores = some_scores(60)
    pairs = np.stack([1 - scores, scores], axis=1).repeat(10, axis=0).tolist()
    labels, groups = shows.astype(int).repeat(10).tolist(), np.arange(60).repeat(10).tolist()
    alone = curve_areas(multi_class(labels, pairs), 1, resamples=200)
    grouped = curve_areas(multi_class(labels, pairs, groups=groups), 1, resamples=200)
    assert alone is not None
    assert grouped is not None
    width, wider = (area.roc.interval[1] - area.roc.interval[0] for area in (alone, grouped))
    assert wider > 2 * width


def test_a_perfect_area_is_no_surer_than_the_few_pictures_of_its_class() -> None:
    """Three pictures above 297 others: what a fourth would do is hardly known."""
    pairs = [[0.9, 0.1]] * 297 + [[0.2, 0.8]] * 3
    areas = curve_areas(multi_class([0] * 297 + [1] * 3, pairs), 1, resamples=50)
    assert areas is not None
    assert areas.roc.interval == areas.average_precision.interval == wilson_interval(3, 3)


def test_a_class_without_test_pictures_has_no_areas() -> None:
    assert curve_areas(multi_class([0, 0], [[0.6, 0.4], [0.3, 0.7]]), 1, resamples=10) is None


def test_drawn_points_touch_every_pixel_that_the_line_touches() -> None:
    shows, scores = np.random.default_rng(1).random((2, 20_000))
    curve = ClassCurve.of(shows < scores, scores)
    points = drawn_points(curve.recall, curve.precision, columns=100)
    assert len(points) <= 400
    assert points[0] == 0
    assert points[-1] == len(curve.recall) - 1
    column = np.minimum((curve.recall * 100).astype(int), 99)
    for at in range(100):
        of_all, of_drawn = curve.precision[column == at], curve.precision[points][column[points] == at]
        assert (of_all.min(), of_all.max()) == (of_drawn.min(), of_drawn.max())
