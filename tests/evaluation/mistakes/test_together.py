"""Labels that are missed beside others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import fisher_exact

from core.evaluation.mistakes.together import missed_together
from tests.support.predictions import multi_label


def predictions(missed_beside: int, missed_alone: int) -> tuple[list[list[int]], list[list[float]]]:
    """20 pictures show a and b, 20 only a, 20 only c; of the first two, some a are missed. b and c are found."""
    beside = [[0.1 if n < missed_beside else 0.9, 0.9, 0.0] for n in range(20)]
    alone = [[0.1 if n < missed_alone else 0.9, 0.0, 0.0] for n in range(20)]
    return [[1, 1, 0]] * 20 + [[1, 0, 0]] * 20 + [[0, 0, 1]] * 20, beside + alone + [[0.0, 0.0, 0.9]] * 20


def test_a_label_that_is_overlooked_beside_another_is_listed() -> None:
    """12 of 20 against 1 of 20; b beside a has no pictures without a to compare with."""
    (pair,) = missed_together(multi_label(*predictions(12, 1)))
    assert (pair.missed, pair.beside, pair.pictures) == (0, 1, 20)
    assert (pair.share, pair.share_without) == (0.6, 0.05)
    assert pair.adjusted == pytest.approx(fisher_exact([[12, 8], [1, 19]], alternative="greater").pvalue)


def test_a_difference_that_chance_may_give_is_not_listed() -> None:
    assert missed_together(multi_label(*predictions(4, 2))) == []


def test_a_label_that_is_missed_less_beside_another_is_not_listed() -> None:
    assert missed_together(multi_label(*predictions(1, 12))) == []


def test_pictures_of_few_groups_prove_less() -> None:
    """The same numbers, where five pictures of one group always have the same answer."""
    test = multi_label(*predictions(10, 0))
    assert missed_together(test)
    assert missed_together(replace(test, groups=np.arange(60) // 5)) == []


def test_without_common_pictures_there_is_nothing_to_compare() -> None:
    assert missed_together(multi_label([[1, 0], [0, 1]] * 20, [[0.1, 0.0], [0.0, 0.9]] * 20)) == []


def test_pictures_of_one_group_prove_nothing() -> None:
    """If one patient alone shows a label, its other pictures are no second observation."""
    test = multi_label(*predictions(12, 1))
    groups = np.concatenate([np.zeros(40, np.int64), np.arange(1, 21)])
    assert missed_together(replace(test, groups=groups)) == []
