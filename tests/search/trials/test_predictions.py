"""A trial's predictions are read small, and give the numbers that training gave."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.data.labels.task import Task
from core.search.config import Goal
from core.search.trials.predictions import PackedPredictions, Predictions, PredictionTable
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.training.scores import score_logits

GOALS = list(Goal)


def some(
    task: Task, pictures: int = 400, classes: int = 11, trials: int = 1, seed: int = 0
) -> tuple[list[np.ndarray], np.ndarray]:
    """Logits of each trial (n, C) that are often right, and targets (n, C); the last class is never shown."""
    rng = np.random.default_rng(seed)
    targets = np.zeros((pictures, classes), np.float32)
    if task is Task.MULTI_LABEL:
        targets[:, :-1] = rng.random((pictures, classes - 1)) < 0.2
    else:
        targets[np.arange(pictures), rng.integers(0, classes - 1, pictures)] = 1.0
    noise = rng.normal(0.0, 2.0, (trials, pictures, classes))
    return [(3.0 * targets - 1.0 + one).astype(np.float32) for one in noise], targets


def through_json(predictions: Predictions) -> Predictions:
    """Predictions after writing and reading."""
    text = json.dumps(predictions.packed().to_json())
    return Predictions.unpacked(PackedPredictions.from_json(json.loads(text)))


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("classes", [2, 11, 300])
def test_the_whole_set_scores_as_in_training(task: Task, classes: int) -> None:
    """Else what a search says of its trials would not be what a run says of itself."""
    (logits,), targets = some(task, classes=classes)
    expected = score_logits(logits, targets, task)
    read = through_json(Predictions.of(logits, targets, task))
    assert read.score(Goal.ACCURACY, targets) == pytest.approx(expected.accuracy, abs=1e-12)
    assert read.score(Goal.MACRO_F1, targets) == pytest.approx(expected.macro_f1, abs=1e-12)
    assert read.score(Goal.LOSS, targets) == pytest.approx(expected.loss, rel=1e-6)
    assert read.losses == pytest.approx(expected.losses, rel=1e-3, abs=1e-6)


def test_predictions_equal_those_computed_by_hand() -> None:
    """Four pictures, two classes: three right; F1 of the classes 2·1/(1+2) and 2·2/(3+2), their mean 11/15."""
    logits = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 2.0], [0.0, 2.0]])
    targets = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    predictions = Predictions.of(logits, targets, Task.MULTI_CLASS)
    assert predictions.predicted.tolist() == [0, 1, 1, 1]
    assert predictions.score(Goal.ACCURACY, targets) == pytest.approx(0.75)
    assert predictions.score(Goal.MACRO_F1, targets) == pytest.approx(11 / 15)
    right, wrong = np.log1p(np.exp(-2.0)), 2.0 + np.log1p(np.exp(-2.0))
    assert predictions.score(Goal.LOSS, targets) == pytest.approx((3 * right + wrong) / 4, rel=1e-6)


def test_large_losses_keep_their_mean() -> None:
    """Float16 ends at 65504 and steps by 8 at 10,000: the mean is read beside it."""
    logits, targets = np.array([[0.0, 10_003.0], [9_999.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    read = through_json(Predictions.of(logits, targets, Task.MULTI_CLASS))
    assert read.score(Goal.LOSS, targets) == pytest.approx(10_001.0, rel=1e-6)


def test_a_thousand_predictions_take_few_bytes() -> None:
    """They are stored with each of many trials, in a database that others may share."""
    (logits,), targets = some(Task.MULTI_CLASS, pictures=1000)
    assert len(json.dumps(Predictions.of(logits, targets, Task.MULTI_CLASS).packed().to_json())) < 4200


def test_folds_are_joined_in_their_order() -> None:
    (logits,), targets = some(Task.MULTI_LABEL)
    parts = [
        Predictions.of(logits[place], targets[place], Task.MULTI_LABEL)
        for place in (slice(0, 150), slice(150, None))
    ]
    joined = Predictions.joined(parts)
    expected = score_logits(logits, targets, Task.MULTI_LABEL)
    assert joined.score(Goal.ACCURACY, targets) == pytest.approx(expected.accuracy)
    assert joined.score(Goal.LOSS, targets) == pytest.approx(expected.loss, rel=1e-6)


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("goal", GOALS)
def test_weighted_pictures_score_like_repeated_ones(task: Task, goal: Goal) -> None:
    """A bootstrap counts pictures several times, or not at all."""
    logits, targets = some(task, pictures=60, trials=3)
    leading = LeadingMetric(
        kind=LeadingKind.COST,
        class_names=tuple("abcdefghijk"),
        miss_costs=tuple(float(cost) for cost in range(11)),
    )
    table = PredictionTable.of([Predictions.of(one, targets, task) for one in logits], targets, leading)
    times = np.random.default_rng(1).integers(0, 4, (5, 60))
    times[0] = targets[:, 0] == 0  # a class that is shown nowhere
    weights = times.astype(np.float32)
    expected = [
        [
            getattr(
                score_logits(np.repeat(one, row, axis=0), np.repeat(targets, row, axis=0), task, leading),
                goal.value,
            )
            for one in logits
        ]
        for row in times
    ]
    assert table.scores(goal, weights) == pytest.approx(np.array(expected), rel=2e-3)
    chosen = np.array([2, 0, 1, 1, 0])
    picked = np.array(expected)[np.arange(5), chosen]
    assert table.scores_of(goal, weights, chosen) == pytest.approx(picked, rel=2e-3)
    if goal is not Goal.LOSS:
        assert table.scores(goal, weights) == pytest.approx(np.array(expected), abs=1e-12)
        assert table.scores_of(goal, weights, chosen) == pytest.approx(picked, abs=1e-12)


def test_a_bag_without_the_class_that_is_judged_scores_no_trial() -> None:
    """The recall of the class is undefined there, for every trial; 0 would be a verdict."""
    logits, targets = some(Task.MULTI_CLASS, pictures=60, trials=3)
    names = tuple("abcdefghijk")
    leading = LeadingMetric(kind=LeadingKind.RECALL, class_names=names, class_name="a")
    trials = [Predictions.of(one, targets, Task.MULTI_CLASS) for one in logits]
    table = PredictionTable.of(trials, targets, leading)
    without = (targets[:, 0] == 0).astype(np.float32)[None]
    assert np.isnan(table.scores(Goal.LEADING, without)).all()


def test_predictions_of_other_pictures_are_refused() -> None:
    """Counted against the wrong truth they would mean nothing."""
    (logits,), targets = some(Task.MULTI_CLASS, pictures=10)
    with pytest.raises(ValueError, match="9 targets"):
        PredictionTable.of([Predictions.of(logits, targets, Task.MULTI_CLASS)], targets[:9])
