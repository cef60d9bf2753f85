"""Suggestions from few labels are accurate, and informative pictures improve them most."""

from __future__ import annotations

import numpy as np
import pytest

from core.doctor.features.neighbours import nearest_neighbours, similar_rows
from core.doctor.labelling.suggestions import UNLABELLED, Suggestions, most_informative_first, suggest_labels
from core.progress import QuietProgress
from tests.support.digit_features import digit_labels, digit_points

COUNT, CLASSES = 1000, 10


@pytest.fixture(scope="module")
def alike() -> np.ndarray:
    return similar_rows(digit_points()[:COUNT], QuietProgress())


def labels_of(rows: np.ndarray) -> np.ndarray:
    labels = np.full(COUNT, UNLABELLED)
    labels[rows] = digit_labels()[rows]
    return labels


def first_of_each(count: int) -> np.ndarray:
    return np.concatenate(
        [np.flatnonzero(digit_labels()[:COUNT] == digit)[:count] for digit in range(CLASSES)]
    )


def share_right(labels: np.ndarray, suggestions: Suggestions) -> float:
    waiting = labels == UNLABELLED
    return float((suggestions.classes == digit_labels()[:COUNT])[waiting].mean())


def test_with_two_labels_a_class_suggestions_beat_the_nearest_picture(alike: np.ndarray) -> None:
    points, rows = digit_points()[:COUNT], first_of_each(2)
    labels = labels_of(rows)
    nearest = nearest_neighbours(points, points[rows], 1).rows[:, 0]
    by_nearest = (digit_labels()[rows][nearest] == digit_labels()[:COUNT])[labels == UNLABELLED].mean()
    assert share_right(labels, suggest_labels(points, alike, labels, CLASSES)) >= by_nearest + 0.1


def test_what_is_suggested_with_confidence_is_right(alike: np.ndarray) -> None:
    labels = labels_of(first_of_each(10))
    suggestions = suggest_labels(digit_points()[:COUNT], alike, labels, CLASSES)
    np.testing.assert_allclose(suggestions.probabilities.sum(axis=1), 1, rtol=1e-6)
    sure = (labels == UNLABELLED) & (suggestions.confidences > 0.9)
    assert sure.sum() > 200
    assert (suggestions.classes == digit_labels()[:COUNT])[sure].mean() >= 0.98
    assert suggestions.confidences[labels == UNLABELLED].mean() <= share_right(labels, suggestions) + 0.02


def test_a_class_without_labels_is_never_suggested(alike: np.ndarray) -> None:
    rows = first_of_each(5)
    labels = labels_of(rows[digit_labels()[rows] != 4])
    suggestions = suggest_labels(digit_points()[:COUNT], alike, labels, CLASSES)
    assert not (suggestions.classes == 4).any()
    assert suggestions.probabilities[:, 4].max() < 0.05


@pytest.mark.parametrize("labelled", [[], [3], [3, 13, 23]])
def test_with_fewer_than_two_classes_every_class_is_as_likely(alike: np.ndarray, labelled: list[int]) -> None:
    labels = np.full(COUNT, UNLABELLED)
    labels[labelled] = 7
    suggestions = suggest_labels(digit_points()[:COUNT], alike, labels, CLASSES)
    assert (suggestions.probabilities == 0.1).all()


def test_a_class_does_not_win_by_having_been_labelled_more(alike: np.ndarray) -> None:
    """People label one class to its end before they begin the next."""
    three, eight = (np.flatnonzero(digit_labels()[:COUNT] == digit) for digit in (3, 8))
    labels = labels_of(np.concatenate([three[:80], eight[:2]]))
    suggestions = suggest_labels(digit_points()[:COUNT], alike, labels, CLASSES)
    assert (suggestions.classes[eight[2:]] == 8).mean() >= 0.8


def test_labels_chosen_teach_more_than_labels_drawn_at_random(alike: np.ndarray) -> None:
    points = digit_points()[:COUNT]

    def right_after_labelling(*, chosen: bool, seed: int) -> float:
        random = np.random.default_rng(seed)
        labels = labels_of(random.choice(COUNT, 10, replace=False))
        for _ in range(4):
            suggestions = suggest_labels(points, alike, labels, CLASSES)
            rows = most_informative_first(points, labels, suggestions)
            rows = rows if chosen else random.permutation(rows)
            labels[rows[:10]] = digit_labels()[rows[:10]]
        return share_right(labels, suggest_labels(points, alike, labels, CLASSES))

    chosen, drawn = (
        np.mean([right_after_labelling(chosen=way, seed=seed) for seed in range(3)]) for way in (True, False)
    )
    assert chosen >= drawn + 0.02


def test_the_order_holds_every_unlabelled_picture_once(alike: np.ndarray) -> None:
    points, labels = digit_points()[:COUNT], labels_of(first_of_each(3))
    order = most_informative_first(points, labels, suggest_labels(points, alike, labels, CLASSES))
    np.testing.assert_array_equal(np.sort(order), np.flatnonzero(labels == UNLABELLED))


def test_copies_are_not_asked_for_one_after_the_other() -> None:
    """One label tells of all of them."""
    points = np.concatenate([np.repeat(digit_points()[:1], 30, axis=0), digit_points()[1:40]])
    labels = np.full(len(points), UNLABELLED)
    undecided = Suggestions(probabilities=np.full((len(points), 2), 0.5))
    assert (most_informative_first(points, labels, undecided)[:20] < 30).sum() <= 1


def test_when_all_is_labelled_nothing_is_left() -> None:
    points = digit_points()[:20]
    order = most_informative_first(
        points, digit_labels()[:20], Suggestions(probabilities=np.full((20, 10), 0.1))
    )
    assert len(order) == 0
