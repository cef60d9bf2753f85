"""The winner of many trials has been lucky; what a search reports takes that back.

Simulated searches know the truth, so that what is said of them can be held against it.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from core.data.labels.task import Task
from core.search.analysis.selection_bias import (
    FEWEST_GROUPS,
    OtherEpochs,
    estimate_gain,
    estimate_selection_bias,
    standard_error,
)
from core.search.config import Goal
from core.search.records import Gain, SelectionBias
from core.search.trials.predictions import Predictions
from core.statistics import wilson_interval
from core.training.leading_metric import LeadingKind, LeadingMetric
from tests.support.simulated_predictions import luck, predictions, truth

PICTURES = 150
SEARCHES = 150


def best_of(trials: list[Predictions], targets: np.ndarray) -> int:
    return int(np.argmax([trial.score(Goal.ACCURACY, targets) for trial in trials]))


def searches(shares: list[float], *, pictures: int, count: int) -> list[tuple[SelectionBias, Gain, float]]:
    """Estimates of simulated searches over these true accuracies, with the winner's true one."""
    rng, targets = np.random.default_rng(5), truth(pictures)
    found = []
    for seed in range(count):
        trials = luck(rng, shares, pictures)
        winner = best_of(trials, targets)
        said = estimate_selection_bias(trials, targets, Goal.ACCURACY, winner, seed=seed)
        more = estimate_gain(trials, targets, Goal.ACCURACY, winner, 0, seed=seed)
        assert said is not None
        assert more is not None
        found.append((said, more, shares[winner]))
    return found


@pytest.fixture(scope="module")
def null() -> list[tuple[SelectionBias, Gain, float]]:
    """Twelve trials that are truly equal."""
    return searches([0.85] * 12, pictures=PICTURES, count=SEARCHES)


def test_the_best_of_equals_looks_better_than_it_is(null: list[tuple[SelectionBias, Gain, float]]) -> None:
    """So the raw score of a winner must not be reported alone."""
    assert np.mean([said.validation for said, _, _ in null]) > 0.87


def test_the_expected_score_of_the_best_of_equals_is_unbiased(
    null: list[tuple[SelectionBias, Gain, float]],
) -> None:
    """On average, within the uncertainty of so many searches."""
    expected = np.array([said.expected for said, _, _ in null])
    assert abs(expected.mean() - 0.85) < 2.5 * expected.std() / np.sqrt(SEARCHES)
    assert np.mean([said.bias for said, _, _ in null]) > 0.02


def test_the_interval_holds_the_truth(null: list[tuple[SelectionBias, Gain, float]]) -> None:
    assert np.mean([said.low <= true <= said.high for said, _, true in null]) >= 0.93


@pytest.fixture(scope="module")
def epochs_of_equals() -> list[tuple[SelectionBias, SelectionBias]]:
    """Twelve equal trials, each with the best of ten equal epochs: told without the others, and with them."""
    rng, targets = np.random.default_rng(6), truth(PICTURES)
    found = []
    for seed in range(SEARCHES // 2):
        kept, others = [], []
        for _trial in range(12):
            epochs = luck(rng, [0.85] * 10, PICTURES)
            best = best_of(epochs, targets)
            kept.append(epochs.pop(best))
            others.append(epochs)
        winner = best_of(kept, targets)
        known = OtherEpochs(predictions=others, monitor=Goal.ACCURACY)
        without = estimate_selection_bias(kept, targets, Goal.ACCURACY, winner, seed=seed)
        told = estimate_selection_bias(kept, targets, Goal.ACCURACY, winner, epochs=known, seed=seed)
        assert without is not None
        assert told is not None
        found.append((without, told))
    return found


def test_the_selection_bias_of_the_best_epoch_is_corrected_as_well(
    epochs_of_equals: list[tuple[SelectionBias, SelectionBias]],
) -> None:
    """A network that has not settled varies from epoch to epoch: the best of 120 is luckier than one of twelve."""
    without, told = (np.array([pair[place].expected for pair in epochs_of_equals]) for place in (0, 1))
    assert without.mean() > 0.87
    assert abs(told.mean() - 0.85) < 2.5 * told.std() / np.sqrt(len(told))
    assert np.mean([said.low <= 0.85 <= said.high for _, said in epochs_of_equals]) >= 0.93


def test_epochs_that_could_not_be_selected_change_nothing() -> None:
    rng, targets = np.random.default_rng(7), truth(PICTURES)
    trials = luck(rng, [0.9, 0.8], PICTURES)
    hopeless = OtherEpochs(predictions=[luck(rng, [0.2], PICTURES), []], monitor=Goal.ACCURACY)
    alone = estimate_selection_bias(trials, targets, Goal.ACCURACY, 0)
    assert estimate_selection_bias(trials, targets, Goal.ACCURACY, 0, epochs=hopeless) == alone


def test_an_epoch_is_selected_by_the_monitored_metric() -> None:
    """The other epoch is right everywhere, but less sure: by the loss nobody would have kept it."""
    half = np.arange(40) % 2 == 0
    kept, other = predictions(half, [0.1] * 40), predictions(np.ones(40, bool), [0.9] * 40)
    for watch, expected in ((Goal.LOSS, 0.5), (Goal.ACCURACY, 1.0)):
        said = estimate_selection_bias(
            [kept], truth(40), Goal.ACCURACY, 0, epochs=OtherEpochs(predictions=[[other]], monitor=watch)
        )
        assert said is not None
        assert said.expected == pytest.approx(expected, abs=0.05)


def test_a_search_among_equals_seldom_claims_a_gain(null: list[tuple[SelectionBias, Gain, float]]) -> None:
    """Whoever searches where nothing is to be found must be told so."""
    assert np.mean([more.is_real for _, more, _ in null]) <= 0.07


@pytest.mark.parametrize("pictures", [60, 300])
def test_one_equal_rival_seldom_claims_a_gain(pictures: int) -> None:
    """The hardest case: with few trials the choice itself adds no doubt."""
    found = searches([0.85, 0.85], pictures=pictures, count=200)
    assert np.mean([more.is_real for _, more, _ in found]) <= 0.07


def test_a_truly_better_trial_is_found() -> None:
    """Among twelve, one is right in 95% and the others in 85%."""
    found = searches([0.85] * 6 + [0.95] + [0.85] * 5, pictures=300, count=40)
    assert np.mean([more.is_real for _, more, _ in found]) >= 0.9
    assert np.mean([more.low <= true - 0.85 <= more.high for _, more, true in found]) >= 0.9
    assert np.mean([more.gain for _, more, _ in found]) == pytest.approx(0.10, abs=0.015)


def test_the_gain_by_hand() -> None:
    """One trial knows everything, the default nothing: outside every bag the difference is 1."""
    trials = [predictions(np.zeros(40, bool)), predictions(np.ones(40, bool))]
    found = estimate_gain(trials, truth(40), Goal.ACCURACY, 1, 0)
    assert found == Gain(gain=1.0, low=1.0, high=1.0, is_real=True, pictures=40)


def test_less_loss_is_a_gain() -> None:
    """0.75 nats on every picture against 0.25: a gain of 0.5, and no flattery at all."""
    right = np.ones(40, bool)
    trials = [predictions(right, [0.75] * 40), predictions(right, [0.25] * 40)]
    found = estimate_gain(trials, truth(40), Goal.LOSS, 1, 0)
    assert found == Gain(gain=0.5, low=0.5, high=0.5, is_real=True, pictures=40)
    said = estimate_selection_bias(trials, truth(40), Goal.LOSS, 1)
    assert said == SelectionBias(validation=0.25, expected=0.25, bias=0.0, low=0.25, high=0.25, pictures=40)


def test_a_lucky_loss_has_a_selection_bias() -> None:
    """Low is better here, so what is expected lies above, and optimism still counts as more than 0."""
    rng = np.random.default_rng(0)
    losses = rng.exponential(1.0, (20, 100))
    trials = [predictions(np.ones(100, bool), row) for row in losses]
    said = estimate_selection_bias(trials, truth(100), Goal.LOSS, int(losses.mean(axis=1).argmin()))
    assert said is not None
    assert said.validation < said.expected
    assert said.bias == pytest.approx(said.expected - said.validation)
    assert said.low < said.expected < said.high
    assert said.low < 1.0 < said.high  # the truth


def test_macro_f1_is_judged_by_its_own_scores() -> None:
    """A trial that says one class only has half the accuracy but a third of F1."""
    even = np.arange(60) % 2 == 0
    trials = [predictions(even), predictions(even | (np.arange(60) % 3 == 0))]
    said = estimate_selection_bias(trials, truth(60), Goal.MACRO_F1, 1)
    assert said is not None
    assert said.validation == pytest.approx(trials[1].score(Goal.MACRO_F1, truth(60)))
    alone = estimate_selection_bias(trials[:1], truth(60), Goal.MACRO_F1, 0)
    assert alone is not None
    assert alone.validation == pytest.approx(1 / 3)
    assert alone.expected == pytest.approx(1 / 3)


def test_the_lower_f1_of_few_pictures_is_no_selection_bias() -> None:
    """Outside a bag some classes show five pictures, of which F1 is lower for any trial, chosen or not.

    What is expected is therefore held against a trial that nobody chose, on as many pictures.
    """
    rng, classes = np.random.default_rng(2), 10
    expected, unchosen = [], []
    for seed in range(40):
        logits, targets = _confused(rng, 150, 8, classes)
        trials = [Predictions.of(one, targets, Task.MULTI_CLASS) for one in logits]
        scores = [one.score(Goal.MACRO_F1, targets) for one in trials]
        said = estimate_selection_bias(trials, targets, Goal.MACRO_F1, int(np.argmax(scores)), seed=seed)
        assert said is not None
        expected.append(said.expected)
        unchosen.append(np.mean(scores))
    missed = np.array(expected) - unchosen
    assert abs(missed.mean()) < 0.006  # 0.015 without taking it into account


def _confused(
    rng: np.random.Generator, pictures: int, trials: int, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Equal trials of many classes that are right about three times in four: logits (k, n, C), targets (n, C)."""
    targets = np.eye(classes, dtype=np.float32)[rng.integers(0, classes, pictures)]
    common = rng.normal(0, 1.1, (pictures, classes))
    return 3 * targets + common + rng.normal(0, 0.8, (trials, pictures, classes)), targets


def test_all_right_on_twelve_pictures_is_not_certainty() -> None:
    """The bootstrap of twelve right predictions knows nothing else; Wilson's interval for 12 of 12 begins at 76%."""
    said = estimate_selection_bias([predictions(np.ones(12, bool))], truth(12), Goal.ACCURACY, 0)
    assert said is not None
    assert (said.validation, said.high) == (1.0, 1.0)
    assert said.low == pytest.approx(0.757, abs=0.001)


def test_the_baseline_as_winner_has_no_gain() -> None:
    trials = luck(np.random.default_rng(0), [0.8, 0.8], 50)
    assert estimate_gain(trials, truth(50), Goal.ACCURACY, 1, 1) == Gain(
        gain=0.0, low=0.0, high=0.0, is_real=False, pictures=50
    )


def test_without_a_baseline_there_is_no_gain() -> None:
    trials = luck(np.random.default_rng(0), [0.8, 0.8], 50)
    assert estimate_gain(trials, truth(50), Goal.ACCURACY, 1, None) is None


def test_equal_trials_leave_the_first_one_chosen() -> None:
    """As in the search: a copy of the default wins no bag, and brings exactly nothing."""
    (one,) = luck(np.random.default_rng(0), [0.8], 50)
    found = estimate_gain([one, one, one], truth(50), Goal.ACCURACY, 2, 0)
    assert found == Gain(gain=0.0, low=0.0, high=0.0, is_real=False, pictures=50)


def test_copies_of_pictures_count_once() -> None:
    """Ten near copies of each of thirty pictures say what the thirty say, not more."""
    trials = luck(np.random.default_rng(3), [0.8, 0.85, 0.9, 0.8], 30)
    copied = [
        replace(one, predicted=np.repeat(one.predicted, 10), losses=np.repeat(one.losses, 10))
        for one in trials
    ]
    targets, groups = np.repeat(truth(30), 10, axis=0), np.repeat(np.arange(30) * 7, 10)
    single = estimate_selection_bias(trials, truth(30), Goal.ACCURACY, 2)
    grouped = estimate_selection_bias(copied, targets, Goal.ACCURACY, 2, groups=groups)
    blind = estimate_selection_bias(copied, targets, Goal.ACCURACY, 2)
    assert single is not None
    assert grouped is not None
    assert blind is not None
    assert grouped.pictures == 300
    assert (grouped.expected, grouped.low, grouped.high) == pytest.approx(
        (single.expected, single.low, single.high)
    )
    assert blind.high - blind.low < 0.6 * (grouped.high - grouped.low)
    assert standard_error(copied[0], targets, Goal.ACCURACY, groups=groups) == pytest.approx(
        standard_error(trials[0], truth(30), Goal.ACCURACY)
    )


def test_five_hundred_trials_fit_in_memory() -> None:
    """A long search is judged by the worker that has just trained."""
    trials = luck(np.random.default_rng(0), [0.85] * 500, 1000)
    tracemalloc.start()
    for goal in Goal:
        assert estimate_gain(trials, truth(1000), goal, 3, 0, leading=LeadingMetric()) is not None
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100e6


def test_few_pictures_have_no_estimate() -> None:
    few = FEWEST_GROUPS - 1
    trials = luck(np.random.default_rng(0), [0.8, 0.8], few)
    assert estimate_selection_bias(trials, truth(few), Goal.ACCURACY, 0) is None
    assert estimate_gain(trials, truth(few), Goal.ACCURACY, 1, 0) is None
    again = [
        replace(one, predicted=np.tile(one.predicted, 4), losses=np.tile(one.losses, 4)) for one in trials
    ]
    groups = np.tile(np.arange(few), 4)
    assert (
        estimate_selection_bias(again, np.tile(truth(few), (4, 1)), Goal.ACCURACY, 0, groups=groups) is None
    )


def test_the_same_seed_gives_the_same_estimate() -> None:
    trials = luck(np.random.default_rng(0), [0.8] * 5, 50)
    first, second = (estimate_selection_bias(trials, truth(50), Goal.ACCURACY, 0, seed=4) for _ in range(2))
    assert first == second
    assert first != estimate_selection_bias(trials, truth(50), Goal.ACCURACY, 0, seed=5)


def test_with_a_tradeoff_the_one_standard_error_rule_is_repeated_in_each_bag() -> None:
    """90 right at cost 5 against 89 at cost 1: within one standard error (0.03) the cheap one is taken."""
    right = np.arange(100) < 89
    trials = [predictions(np.arange(100) < 90), predictions(right), predictions(np.arange(100) < 40)]
    plain = estimate_selection_bias(trials, truth(100), Goal.ACCURACY, 0)
    sensible = estimate_selection_bias(trials, truth(100), Goal.ACCURACY, 1, costs=[5.0, 1.0, 0.5])
    assert plain is not None
    assert sensible is not None
    assert plain.expected == pytest.approx(0.90, abs=0.004)
    assert sensible.expected == pytest.approx(0.89, abs=0.004)
    assert sensible.validation == pytest.approx(0.89)


def test_the_standard_error_is_that_of_a_share() -> None:
    """80 of 100 right: the root of 0.8 · 0.2 / 100 is 0.04."""
    one = predictions(np.arange(100) < 80)
    assert standard_error(one, truth(100), Goal.ACCURACY) == pytest.approx(0.04, rel=0.15)
    losses = np.where(np.arange(100) < 50, 1.0, 3.0)  # spread 1, over ten
    one = predictions(np.ones(100, bool), losses)
    assert standard_error(one, truth(100), Goal.LOSS) == pytest.approx(0.1, rel=0.15)


def test_bags_without_a_picture_of_the_class_that_matters_are_left_out() -> None:
    """Of 60 pictures, 3 show the class, and every trial finds all of them: no bag tells otherwise.

    Three of three is not certainty.
    """
    shows = np.arange(60) < 3
    targets = np.eye(2, dtype=np.float32)[shows.astype(int)]
    leading = LeadingMetric(kind=LeadingKind.RECALL, class_names=("no", "yes"), class_name="yes")
    trials = [Predictions.of(8 * targets, targets, Task.MULTI_CLASS)] * 2
    assert standard_error(trials[0], targets, Goal.LEADING, leading=leading) == 0
    said = estimate_selection_bias(trials, targets, Goal.LEADING, 0, leading=leading)
    assert said is not None
    assert (said.validation, said.expected, said.bias) == (1, 1, 0)
    assert said.low == pytest.approx(wilson_interval(3, 3)[0])
    assert said.high == 1
