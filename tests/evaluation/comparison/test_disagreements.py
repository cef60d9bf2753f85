"""Pictures that one of two classifiers gets right and the other wrong."""

from __future__ import annotations

import numpy as np

from core.evaluation.comparison.disagreements import Change, disagreements
from core.evaluation.comparison.pairing import TestedPictures, pair
from core.evaluation.metrics.predictions import TestPredictions
from tests.support.predictions import multi_class, multi_label

NAMES = ("cat", "dog", "fox")


def answered(test: TestPredictions) -> TestedPictures:
    return TestedPictures(
        ids=np.array(list("abcdef"[: len(test.targets)])),
        class_names=NAMES[: test.targets.shape[1]],
        test=test,
        version=1,
    )


def test_fixed_newly_broken_and_differently_wrong_pictures_are_told_apart() -> None:
    """The surest answers of the second come first; equal answers are left out."""
    labels = [0, 0, 1, 2, 1]
    first = multi_class(labels, [[0.4, 0.5, 0.1], [0.6, 0.3, 0.1], [0.1, 0.3, 0.6], [0, 0, 1], [1, 0, 0]])
    second = multi_class(labels, [[0.7, 0.2, 0.1], [0.1, 0.9, 0], [0.5, 0.2, 0.3], [0, 0.2, 0.8], [1, 0, 0]])
    found = disagreements(pair(answered(first), answered(second)))
    assert found[["id", "change", "label", "first", "second"]].to_numpy().tolist() == [
        ["b", Change.BROKEN, "cat", "cat", "dog"],
        ["a", Change.FIXED, "cat", "dog", "cat"],
        ["c", Change.BOTH_WRONG, "dog", "fox", "cat"],
    ]
    np.testing.assert_allclose(found["second_confidence"], [0.9, 0.7, 0.5])
    np.testing.assert_allclose(found["first_confidence"], [0.6, 0.5, 0.6])


def test_answers_of_several_labels_are_named_together() -> None:
    first = multi_label([[1, 1]], [[0.9, 0.2]])
    second = multi_label([[1, 1]], [[0.9, 0.8]])
    found = disagreements(pair(answered(first), answered(second)))
    assert found[["change", "label", "first", "second"]].to_numpy().tolist() == [
        [Change.FIXED, "cat; dog", "cat", "cat; dog"]
    ]


def test_the_same_answers_disagree_nowhere() -> None:
    first = multi_class([0, 1, 2], predicted=[0, 1, 1])
    assert disagreements(pair(answered(first), answered(first))).empty
