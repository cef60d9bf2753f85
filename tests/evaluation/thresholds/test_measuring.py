"""Answers for a class measured on test pictures, by hand."""

from __future__ import annotations

import pytest

from core.evaluation.metrics.intervals import fraction_interval
from core.evaluation.thresholds.answers import answered_by
from core.evaluation.thresholds.measuring import changed_answers, class_outcome
from tests.support.predictions import multi_class

PROBABILITIES = [[0.6, 0.4], [0.7, 0.3], [0.9, 0.1], [0.2, 0.8], [0.65, 0.35]]
TEST = multi_class([1, 1, 0, 1, 0], PROBABILITIES, groups=[0, 0, 1, 2, 3])


def test_a_lower_threshold_finds_more_and_adds_more() -> None:
    before, after = TEST, answered_by(TEST, (None, 0.3))
    outcome = class_outcome(before, 1)
    assert (outcome.found, outcome.missed, outcome.added) == (1, 2, 0)
    outcome = class_outcome(after, 1)
    assert (outcome.found, outcome.missed, outcome.added) == (3, 0, 1)
    assert outcome.accuracy.value == pytest.approx(4 / 5)
    assert outcome.precision is not None
    assert outcome.precision.value == pytest.approx(3 / 4)
    shows, groups = TEST.targets[:, 1], TEST.group_indices
    given = after.predicted[:, 1]
    assert outcome.precision.interval == fraction_interval(shows[given], groups[given])


def test_answers_that_become_right_stand_before_those_that_become_wrong() -> None:
    assert changed_answers(TEST, answered_by(TEST, (None, 0.3))).tolist() == [0, 1, 4]


def test_a_class_that_is_never_answered_has_no_precision() -> None:
    outcome = class_outcome(answered_by(TEST, (None, 0.95)), 1)
    assert outcome.precision is None
    assert outcome.recall is not None
    assert outcome.recall.value == 0
