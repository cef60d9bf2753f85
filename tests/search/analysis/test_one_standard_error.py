"""The one-standard-error rule selects the smallest or fastest trial that is as good as the best."""

from __future__ import annotations

import numpy as np
import pytest

from core.search.analysis.one_standard_error import SelectedTrial, least_costly, select_by_one_standard_error
from core.search.config import Goal, Tradeoff
from core.search.records import TrialRecord, TrialState
from core.search.space import Speed


def trial(
    number: int, value: float | None, second: float | None, state: TrialState = TrialState.COMPLETE
) -> TrialRecord:
    return TrialRecord(
        number=number,
        state=state,
        speed=Speed.HEAD,
        params={"l2": 0.1},
        settings={},
        value=value,
        second=second,
    )


def chosen(
    trials: list[TrialRecord],
    error: float,
    goal: Goal = Goal.ACCURACY,
    tradeoff: Tradeoff = Tradeoff.LATENCY,
) -> SelectedTrial:
    found = select_by_one_standard_error(trials, goal, tradeoff, error)
    assert found is not None
    return found


TRIALS = [trial(0, 0.86, 4.0), trial(1, 0.92, 30.0), trial(2, 0.90, 10.0), trial(3, 0.91, 31.0)]


def test_the_fastest_within_the_error_of_the_best_is_chosen() -> None:
    """0.92 - 0.025 = 0.895: 0.90 is as good, 0.86 is not."""
    found = chosen(TRIALS, 0.025)
    assert found.trial.number == 2
    assert str(found.reason) == (
        "Trial 1 has the best score (92.0% of the validation pictures correct), but takes 3.0 times as long "
        "as trial 2 (90.0% of the validation pictures correct). The difference in score may be chance."
    )


def test_with_a_wide_error_the_fastest_of_all_is_chosen() -> None:
    assert chosen(TRIALS, 0.07).trial.number == 0


def test_a_clearly_best_one_is_chosen_whatever_it_costs() -> None:
    found = chosen(TRIALS, 0.01, tradeoff=Tradeoff.SIZE)
    assert found.trial.number == 1
    assert "every smaller one is worse by more than chance explains" in str(found.reason)


def test_best_and_smallest_at_once_needs_no_tradeoff() -> None:
    found = chosen([trial(0, 0.8, 9.0), trial(1, 0.9, 5.0)], 0.05, Goal.MACRO_F1, Tradeoff.SIZE)
    assert found.trial.number == 1
    assert str(found.reason) == (
        "Trial 1 has the best score (a macro F1 of 90.0% on validation), and none is smaller."
    )


def test_a_low_loss_is_a_good_one() -> None:
    """0.30 + 0.03 = 0.33 is as good as 0.30; 0.4 is not."""
    trials = [trial(0, 0.40, 1.0), trial(1, 0.30, 3.0), trial(2, 0.33, 2.0)]
    found = chosen(trials, 0.0301, Goal.LOSS)
    assert found.trial.number == 2
    assert "a validation loss of 0.33" in str(found.reason)


def test_only_complete_trials_with_both_values_count() -> None:
    trials = [
        trial(0, 0.99, 1.0, TrialState.PRUNED),
        trial(1, 0.99, None),
        trial(2, None, 1.0, TrialState.FAILED),
    ]
    assert select_by_one_standard_error(trials, Goal.ACCURACY, Tradeoff.SIZE, 0.1) is None
    assert chosen([*trials, trial(3, 0.5, 100.0)], 0.1).trial.number == 3


def test_of_the_same_cost_the_better_is_taken_and_of_equals_the_first() -> None:
    merits = np.array([[0.90, 0.91, 0.91, 0.92], [0.5, 0.1, 0.1, 0.1]])
    places = least_costly(merits, np.array([1.0, 1.0, 1.0, 2.0]), 0.03)
    assert places.tolist() == [1, 0]


@pytest.mark.parametrize("goal", list(Goal))
@pytest.mark.parametrize("tradeoff", [Tradeoff.SIZE, Tradeoff.LATENCY])
@pytest.mark.parametrize("error", [0.0, 0.03, 1.0])
def test_every_choice_has_a_reason(goal: Goal, tradeoff: Tradeoff, error: float) -> None:
    """A template that lacks a value would fail only when it is shown."""
    assert "{" not in str(chosen(TRIALS, error, goal, tradeoff).reason)
