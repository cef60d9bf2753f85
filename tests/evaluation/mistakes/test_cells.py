"""Cells of the confusion matrix, and their pictures."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import confusion_matrix as reference

from core.evaluation.mistakes.cells import all_mistakes, confusion_cells, pictures_of_cell
from tests.support.predictions import multi_class, multi_label

ONE = multi_class(
    [0, 0, 0, 1, 2, 2],
    [[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.1, 0.9, 0], [0, 0.6, 0.4], [0, 0.1, 0.9]],
)
# Classes a, b, c. Picture 0: right. 1: a missed, b added. 2: a missed alone. 3: c added alone.
# 4: a found, b missed, c added. 5: nothing shown, nothing answered.
SEVERAL = multi_label(
    [[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]],
    [[0.9, 0.8, 0.1], [0.2, 0.9, 0], [0.4, 0, 0], [0, 0.6, 0.7], [0.7, 0.1, 0.9], [0, 0, 0]],
)


def test_one_class_a_picture_gives_the_usual_matrix() -> None:
    cells = confusion_cells(ONE)
    assert cells.counts.tolist() == [[1, 2, 0], [0, 1, 0], [0, 1, 1]]
    assert cells.row_shares[0].tolist() == [1 / 3, 2 / 3, 0]
    assert cells.column_shares[:, 1].tolist() == [0.5, 0.25, 0.25]


def test_the_matrix_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    labels, answers = generator.integers(0, 7, (2, 500)).tolist()
    cells = confusion_cells(multi_class(labels, predicted=answers, classes=7))
    assert cells.counts.tolist() == reference(labels, answers, labels=range(7)).tolist()


def test_a_missed_class_is_set_against_those_wrongly_added_to_its_picture() -> None:
    """The last row and column are “none”."""
    cells = confusion_cells(SEVERAL)
    assert cells.counts.tolist() == [
        [2, 1, 0, 1],  # a: found in 0 and 4, taken for b in 1, only missed in 2
        [0, 2, 1, 0],  # b: found in 0 and 3, taken for c in 4
        [0, 0, 0, 0],
        [0, 0, 1, 0],  # c added in 3 without a missed class
    ]
    assert cells.row_pictures.tolist() == [4, 3, 0, 1]
    assert cells.column_pictures.tolist() == [2, 3, 2, 1]
    assert cells.row_shares[0].tolist() == [0.5, 0.25, 0, 0.25]


def test_the_surest_mistakes_of_a_cell_come_first() -> None:
    assert pictures_of_cell(ONE, 0, 1).tolist() == [2, 1]


def test_the_least_sure_right_answers_come_first() -> None:
    test = multi_class([0, 0, 0], [[0.9, 0.1], [0.6, 0.4], [0.7, 0.3]])
    assert pictures_of_cell(test, 0, 0).tolist() == [1, 2, 0]


def test_every_cell_with_several_labels_lists_as_many_pictures_as_it_counts() -> None:
    generator = np.random.default_rng(1)
    test = multi_label(generator.integers(0, 2, (60, 4)).tolist(), generator.random((60, 4)).tolist())
    counts = confusion_cells(test).counts
    listed = [
        [len(pictures_of_cell(test, true, answer)) if (true, answer) != (4, 4) else 0 for answer in range(5)]
        for true in range(5)
    ]
    assert listed == counts.tolist()
    assert counts[:4, :4].min() > 0


def test_a_class_missed_alone_is_listed_by_how_surely_it_was_missed() -> None:
    test = multi_label([[1, 0], [1, 0], [1, 0]], [[0.4, 0], [0.1, 0], [0.3, 0]])
    assert pictures_of_cell(test, 0, 2).tolist() == [1, 2, 0]


def test_pictures_with_any_wrong_answer_are_listed_the_surest_first() -> None:
    assert all_mistakes(ONE, ONE.probabilities.max(axis=1)).tolist() == [2, 1, 4]
    assert all_mistakes(SEVERAL, np.array([0.9, 0.1, 0.2, 0.3, 0.4, 0.9])).tolist() == [4, 3, 2, 1]


def test_a_class_without_test_pictures_has_empty_shares() -> None:
    cells = confusion_cells(multi_class([0, 1], predicted=[0, 0], classes=3))
    assert cells.row_shares[2].tolist() == [0, 0, 0]
    assert cells.column_shares[:, 2].tolist() == [0, 0, 0]
