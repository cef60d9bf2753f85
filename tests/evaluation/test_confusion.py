"""Most confused classes of a confusion matrix."""

from __future__ import annotations

import numpy as np

from core.evaluation.confusion import Confused, confused_pairs, most_confused

CONFUSION = np.array([[5, 0, 1, 0], [0, 5, 0, 3], [2, 0, 5, 0], [0, 0, 0, 5]])


def test_pairs_are_sorted_by_their_number_of_mistakes() -> None:
    assert confused_pairs(CONFUSION) == [
        Confused(true=1, predicted=3, count=3),
        Confused(true=2, predicted=0, count=2),
        Confused(true=0, predicted=2, count=1),
    ]
    assert len(confused_pairs(CONFUSION, 1)) == 1


def test_the_matrix_itself_is_not_changed() -> None:
    confused_pairs(CONFUSION)
    assert CONFUSION[0, 0] == 5


def test_both_classes_of_the_most_frequent_mistakes_are_chosen() -> None:
    assert most_confused(CONFUSION, 2) == [1, 3]


def test_the_first_classes_fill_up_where_there_are_too_few_mistakes() -> None:
    confusion = np.diag([5, 5, 5, 5])
    confusion[2, 3] = 1
    assert most_confused(confusion, 3) == [0, 2, 3]


def test_a_pair_that_does_not_fit_gives_way_to_the_next_class() -> None:
    """Of three, 1 and 3 leave no room for both 2 and 0."""
    assert most_confused(CONFUSION, 3) == [0, 1, 3]
