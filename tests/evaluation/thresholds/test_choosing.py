"""Thresholds chosen by costs, precision and recall, by hand and against every threshold there is."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.curves import ClassCurve
from core.evaluation.thresholds.choosing import (
    Reason,
    choose_by_cost,
    choose_by_precision,
    choose_by_recall,
)

# From the highest probability: 4 right, 1 wrong, 2 right, 3 wrong.
SHOWS = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0], bool)
SCORES = np.array([0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
CURVE = ClassCurve.of(SHOWS, SCORES)


def test_the_wanted_precision_is_reached_with_the_highest_recall() -> None:
    choice = choose_by_precision(CURVE, 0.85)
    assert choice.threshold == pytest.approx(0.45)
    assert choice.precision == pytest.approx(6 / 7)
    assert choice.recall == 1
    assert choose_by_precision(CURVE, 0.9).threshold == pytest.approx(0.75)


def test_a_precision_out_of_reach_is_said_with_the_highest_there_is() -> None:
    curve = ClassCurve.of(np.roll(SHOWS, 1), SCORES)
    choice = choose_by_precision(curve, 0.99)
    assert (choice.reason, choice.threshold) == (Reason.UNREACHABLE, None)
    assert choice.precision == pytest.approx(4 / 5)


def test_the_wanted_recall_is_reached_with_the_highest_threshold() -> None:
    assert choose_by_recall(CURVE, 0.6).threshold == pytest.approx(0.75)
    assert choose_by_recall(CURVE, 0.7).threshold == pytest.approx(0.55)
    assert choose_by_recall(CURVE, 1.0).threshold == pytest.approx(0.45)


@pytest.mark.parametrize("costs", [(1.0, 1.0), (1.0, 10.0), (10.0, 1.0), (1.0, 0.2)])
def test_no_other_threshold_is_cheaper(costs: tuple[float, float]) -> None:
    random = np.random.default_rng(0)
    shows = random.random(300) < 0.3
    scores = np.clip(random.normal(0.4 + 0.2 * shows, 0.2), 0, 0.99)
    threshold = choose_by_cost(ClassCurve.of(shows, scores), *costs).threshold

    def cost(limit: float) -> float:
        given = scores >= limit
        return costs[0] * (given & ~shows).sum() + costs[1] * (shows & ~given).sum()

    assert threshold is not None
    assert cost(threshold) == min(cost(limit) for limit in (*scores, 0.0, 1.0))


def test_of_equally_cheap_thresholds_the_one_nearest_to_that_of_honest_probabilities_is_taken() -> None:
    shows = np.array([1] * 5 + [0] * 5, bool)
    curve = ClassCurve.of(shows, np.array([0.9] * 5 + [0.1] * 5))
    assert choose_by_cost(curve, 1, 3).threshold == pytest.approx(0.5)


def test_a_sure_wrong_answer_cannot_be_refused_by_any_threshold() -> None:
    """No threshold up to 1 keeps a picture of probability 1 from being answered."""
    shows = np.array([0] * 6 + [1] * 5, bool)
    choice = choose_by_cost(ClassCurve.of(shows, np.array([1.0] + [0.5] * 5 + [0.4] * 5)), 10, 1)
    assert choice.threshold == pytest.approx(0.75)
    assert choice.precision == 0


def test_with_too_few_pictures_only_costs_give_a_threshold() -> None:
    few = ClassCurve.of(np.array([1] * 4 + [0] * 20, bool), np.linspace(1, 0, 24))
    assert choose_by_cost(few, 1, 3).reason is Reason.COSTS_ALONE
    assert choose_by_cost(few, 1, 3).threshold == 0.25
    assert choose_by_precision(few, 0.9).reason is Reason.TOO_FEW
    assert choose_by_recall(few, 0.9).reason is Reason.TOO_FEW
