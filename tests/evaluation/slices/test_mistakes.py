"""Most frequent mistakes within a slice."""

from __future__ import annotations

import numpy as np

from core.evaluation.slices.mistakes import FrequentMistake, frequent_mistakes
from tests.support.predictions import multi_class, multi_label

NAMES = ("cat", "dog", "owl")


def test_mistakes_of_the_slice_alone_are_counted() -> None:
    """Outside the slice, an owl is taken for a cat."""
    test = multi_class([0, 0, 1, 2, 0, 2], predicted=[1, 1, 0, 2, 0, 0])
    found = frequent_mistakes(test, np.arange(6) < 5, NAMES, most=3)
    assert found == [
        FrequentMistake(label="cat", answer="dog", pictures=2),
        FrequentMistake(label="dog", answer="cat", pictures=1),
    ]
    assert frequent_mistakes(test, np.arange(6) < 5, NAMES, most=1) == found[:1]


def test_with_several_labels_missed_and_added_ones_are_counted() -> None:
    test = multi_label([[1, 1, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 1], [0, 0, 0], [0, 1, 0]])
    found = frequent_mistakes(test, np.ones(3, bool), NAMES, most=3)
    assert found == [
        FrequentMistake(label="cat", answer="–", pictures=2),
        FrequentMistake(label="–", answer="owl", pictures=1),
    ]


def test_a_slice_without_mistakes_has_none() -> None:
    assert frequent_mistakes(multi_class([0, 1], predicted=[0, 1]), np.ones(2, bool), NAMES, most=3) == []
