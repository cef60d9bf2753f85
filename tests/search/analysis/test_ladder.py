"""A climb delivers the last rung that validation proves better."""

from __future__ import annotations

import numpy as np

from core.data.labels.task import Task
from core.search.analysis.ladder import last_proven
from core.search.config import Goal
from core.search.trials.predictions import Predictions

PICTURES, CLASSES = 400, 4
LABELS = np.arange(PICTURES) % CLASSES
TARGETS = np.eye(CLASSES, dtype=np.float32)[LABELS]


def rung(wrong: int, margin: float = 2.0, *, shift: int = 0) -> Predictions:
    """Answers of which so many are wrong, and how sure they are."""
    shown = LABELS.copy()
    rows = (np.arange(wrong) + shift) % PICTURES
    shown[rows] = (shown[rows] + 1) % CLASSES
    return Predictions.of(margin * np.eye(CLASSES, dtype=np.float32)[shown], TARGETS, Task.MULTI_CLASS)


def ends_on(*rungs: Predictions, goal: Goal = Goal.ACCURACY, groups: np.ndarray | None = None) -> int:
    return last_proven(rungs, TARGETS, goal, groups=groups)


def test_a_rung_that_gets_far_more_right_is_kept() -> None:
    assert ends_on(rung(80), rung(40)) == 1


def test_a_few_more_right_answers_are_chance() -> None:
    assert ends_on(rung(80), rung(78, shift=200)) == 0


def test_as_many_right_answers_with_a_lower_loss_are_proof() -> None:
    assert ends_on(rung(80, 1.5), rung(80, 2.0)) == 1


def test_a_lower_loss_does_not_excuse_wrong_answers() -> None:
    assert ends_on(rung(20, 1.0), rung(24, 3.0)) == 0


def test_each_rung_is_compared_with_the_one_that_stands() -> None:
    """The third is better than the second, which was not kept, but not than the first."""
    assert ends_on(rung(40), rung(90), rung(60)) == 0
    assert ends_on(rung(90), rung(60), rung(30)) == 2


def test_copies_prove_no_more_than_one_picture() -> None:
    """Ten groups of forty copies: four of them right instead of wrong are chance."""
    groups = np.arange(PICTURES) // 40
    assert ends_on(rung(80), rung(40), groups=groups) == 0
    assert ends_on(rung(80), rung(40)) == 1


def test_the_loss_can_be_the_goal() -> None:
    assert ends_on(rung(20, 1.0), rung(24, 3.0), goal=Goal.LOSS) == 1


def test_one_rung_stands() -> None:
    assert ends_on(rung(10)) == 0
