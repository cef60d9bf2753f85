"""Diagnoses of hand-made learning curves of each kind, smooth and noisy, short and long."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.training.config import Monitor
from core.training.diagnosis import Verdict, diagnose, judge_curve
from core.training.phases import Phase
from core.training.records import EpochRecord

Curve = list[EpochRecord]


def curve(
    loss: Sequence[float],
    validation_loss: Sequence[float],
    *,
    accuracy: Sequence[float] | float = 0.95,
    validation_accuracy: Sequence[float] | float = 0.9,
    phase: Phase = Phase.SCRATCH,
    planned: int = 100,
) -> Curve:
    """Make epochs; the best is that of the lowest validation loss so far."""
    records: Curve = []
    for index, (training, validation) in enumerate(zip(loss, validation_loss, strict=True)):
        record = EpochRecord(
            phase=phase,
            epoch=index + 1,
            epochs=planned,
            loss=training,
            validation_loss=validation,
            accuracy=accuracy if isinstance(accuracy, float) else accuracy[index],
            validation_accuracy=validation_accuracy
            if isinstance(validation_accuracy, float)
            else validation_accuracy[index],
        )
        best = min([*records, record], key=lambda one: one.validation_loss)
        records.append(replace(record, best_epoch=best.epoch))
    return records


def falling(count: int, start: float = 1.5, end: float = 0.1) -> list[float]:
    """A loss that falls geometrically."""
    return [float(value) for value in np.geomspace(start, end, count)]


def noisy(values: Sequence[float], share: float, seed: int) -> list[float]:
    """The same values, each off by about so much of itself."""
    random = np.random.default_rng(seed)
    return [float(value * (1 + share * random.standard_normal())) for value in values]


def verdict(metrics: Curve, **settings: Any) -> Verdict | None:
    found = judge_curve(metrics, **settings)
    return found.verdict if found else None


def test_nothing_is_said_of_nothing() -> None:
    assert diagnose([]) is None


@pytest.mark.parametrize("epochs", [1, 2])
def test_nothing_is_said_of_two_epochs(epochs: int) -> None:
    assert diagnose(curve(falling(epochs), falling(epochs))) is None


def test_a_healthy_curve_is_called_healthy() -> None:
    metrics = curve(falling(10), falling(10, end=0.3))
    assert verdict(metrics) is Verdict.GOES_WELL
    assert str(diagnose(metrics)) == "The curves look healthy: 95% right in training, 90% in validation."


def test_validation_that_turns_up_while_training_goes_on_is_overfitting() -> None:
    """The lowest validation loss is at epoch 8; from there it rises by half."""
    validation = [*falling(8, end=0.4), *np.linspace(0.42, 0.6, 8).tolist()]
    metrics = curve(falling(16), validation)
    assert verdict(metrics) is Verdict.OVERFITS
    assert "Epoch 8, the best one, is kept" in str(diagnose(metrics))


def test_a_validation_loss_that_rises_with_accuracy_is_not_overfitting() -> None:
    """A classifier that is right more often, and surer where it is wrong, has not got worse."""
    validation = [*falling(8, end=0.4), *np.linspace(0.42, 0.6, 8).tolist()]
    accuracies = [float(value) for value in np.linspace(0.6, 0.95, 16)]
    metrics = curve(falling(16), validation, accuracy=accuracies, validation_accuracy=accuracies)
    assert verdict(metrics, monitor=Monitor.ACCURACY) is not Verdict.OVERFITS


def test_knowing_its_own_pictures_far_better_than_others_is_overfitting() -> None:
    metrics = curve(falling(10), falling(10, end=0.9), accuracy=0.99, validation_accuracy=0.71)
    assert verdict(metrics) is Verdict.OVERFITS
    assert "99% right in training, 71% in validation" in str(diagnose(metrics))


@pytest.mark.parametrize("seed", range(20))
def test_ordinary_ups_and_downs_are_not_overfitting(seed: int) -> None:
    """A small validation set makes the curve jump by a tenth from epoch to epoch."""
    validation = noisy([*falling(10, end=0.4), *[0.4] * 20], 0.1, seed)
    assert verdict(curve(falling(30), validation), patience=50) is not Verdict.OVERFITS


@pytest.mark.parametrize("seed", range(20))
def test_overfitting_is_seen_through_noise(seed: int) -> None:
    validation = noisy([*falling(10, end=0.4), *np.linspace(0.42, 0.9, 15).tolist()], 0.04, seed)
    assert verdict(curve(noisy(falling(25), 0.04, seed + 100), validation)) is Verdict.OVERFITS


def test_no_better_than_guessing_is_underfitting() -> None:
    metrics = curve([1.38] * 6, [1.38] * 6, accuracy=0.42, validation_accuracy=0.4)
    assert verdict(metrics, baseline=0.4) is Verdict.UNDERFITS
    assert "always guessing the most common class gets 40%" in str(diagnose(metrics, baseline=0.4))


def test_poor_and_flat_is_underfitting() -> None:
    metrics = curve(
        [1.9, 1.6, 1.5, 1.49, 1.49, 1.49, 1.49], [1.7] * 7, accuracy=0.33, validation_accuracy=0.3
    )
    assert verdict(metrics, baseline=0.1) is Verdict.UNDERFITS
    assert "only 33%" in str(diagnose(metrics, baseline=0.1))


def test_poor_but_still_falling_is_given_time() -> None:
    """The first epochs of every network are poor."""
    losses = [2.3, 2.0, 1.7, 1.4]
    assert verdict(curve(losses, losses, accuracy=0.2, validation_accuracy=0.2), baseline=0.1) is not (
        Verdict.UNDERFITS
    )


@pytest.mark.parametrize("broken", [math.nan, math.inf, None])
@pytest.mark.parametrize("name", ["loss", "validation_loss"])
def test_a_loss_that_is_no_number_diverges(broken: float | None, name: str) -> None:
    metrics = curve(falling(3), falling(3))
    values = {key: value for key, value in metrics[-1].to_json().items() if key != name}
    metrics[-1] = EpochRecord.from_json(values | {name: broken, "best_epoch": 2})
    assert verdict(metrics) is Verdict.DIVERGES
    assert "Epoch 2, the best one, is kept" in str(diagnose(metrics))


def test_a_first_epoch_that_is_no_number_diverges() -> None:
    metrics = curve([math.nan], [math.nan])
    assert verdict(metrics) is Verdict.DIVERGES


def test_a_loss_that_explodes_diverges() -> None:
    assert verdict(curve([0.7, 5.0], [0.7, 6.0])) is Verdict.DIVERGES
    assert verdict(curve([1.0, 0.6, 0.5, 2.0, 4.0, 9.0], [0.8] * 6)) is Verdict.DIVERGES


def test_one_bad_epoch_is_not_divergence() -> None:
    assert verdict(curve([1.0, 0.6, 0.5, 2.0, 0.4, 0.35], falling(6, end=0.4))) is Verdict.GOES_WELL


def test_a_tiny_loss_may_double() -> None:
    """From 0.001 to 0.003 is three times as much, and nothing."""
    losses = [1.0, 0.1, 0.001, 0.002, 0.003, 0.003]
    assert verdict(curve(losses, falling(6))) is Verdict.GOES_WELL


def test_no_better_epoch_for_half_the_patience_is_a_plateau() -> None:
    metrics = curve(falling(12), [*falling(6, end=0.4), *[0.405] * 6], accuracy=0.93)
    assert verdict(metrics, patience=10) is Verdict.PLATEAUS
    assert "since epoch 6" in str(diagnose(metrics, patience=10))
    assert "ends by itself: 4." in str(diagnose(metrics, patience=10))


def test_a_run_that_has_ended_does_not_wait() -> None:
    """Patience is spent: that is how a good run ends."""
    metrics = curve(falling(16), [*falling(6, end=0.4), *[0.405] * 10])
    assert verdict(metrics, patience=10) is Verdict.GOES_WELL


def test_what_is_watched_decides_on_the_plateau() -> None:
    """The loss stands still, the accuracy that is watched still rises."""
    accuracies = [float(value) for value in np.linspace(0.5, 0.9, 12)]
    validation = [*falling(6, end=0.4), *[0.405] * 6]
    metrics = curve(falling(12), validation, accuracy=accuracies, validation_accuracy=accuracies)
    assert verdict(metrics, patience=10, monitor=Monitor.ACCURACY) is Verdict.GOES_WELL


def test_epochs_spent_while_it_still_got_better_are_too_few() -> None:
    metrics = curve(falling(5, end=0.5), falling(5, end=0.6), planned=5)
    assert verdict(metrics) is Verdict.UNFINISHED
    assert "Continue for more epochs" in str(diagnose(metrics))


def test_more_epochs_are_not_advised_where_all_is_right() -> None:
    """The loss alone still falls."""
    metrics = curve(
        falling(5, end=0.5), falling(5, end=0.6), planned=5, accuracy=1.0, validation_accuracy=1.0
    )
    assert verdict(metrics) is Verdict.GOES_WELL


def linear_path(validation_of: Callable[[float], float], *, accuracy: float, validation: float) -> Curve:
    """Some 100 L-BFGS iterations: each weaker penalty lowers the training loss in a step."""
    index = np.linspace(0, 1, 96)
    training = [float(2.0 * 10 ** (-2 * round(where * 8) / 8)) for where in index]
    return curve(
        training,
        [validation_of(float(where)) for where in index],
        accuracy=accuracy,
        validation_accuracy=validation,
        phase=Phase.GLOBAL_POOLING,
        planned=200,
    )


def test_a_linear_head_that_goes_past_its_best_is_healthy() -> None:
    """It is made to become too flexible, so that the best point is found; that is no fault of the data."""
    metrics = linear_path(lambda where: 0.2 + (where - 0.7) ** 2, accuracy=0.99, validation=0.97)
    assert verdict(metrics) is Verdict.GOES_WELL


def test_a_linear_head_on_too_few_pictures_overfits() -> None:
    metrics = linear_path(lambda where: 1.0 + (where - 0.5) ** 2, accuracy=1.0, validation=0.72)
    assert verdict(metrics) is Verdict.OVERFITS


def test_a_linear_head_on_features_that_tell_nothing_underfits() -> None:
    metrics = curve(
        [1.38] * 30,
        [1.4] * 30,
        accuracy=0.27,
        validation_accuracy=0.24,
        phase=Phase.GRID_POOLING,
        planned=200,
    )
    assert verdict(metrics, baseline=0.25) is Verdict.UNDERFITS


def test_a_linear_head_does_not_stand_still() -> None:
    """Between two penalties many epochs bring nothing; the next penalty does."""
    metrics = linear_path(lambda where: 0.5, accuracy=0.9, validation=0.85)
    assert verdict(metrics, patience=8) is Verdict.GOES_WELL


def test_a_new_phase_is_judged_by_itself() -> None:
    """Fine-tuning begins with a worse loss than the head on frozen features had reached."""
    head = curve(falling(20, end=0.01), falling(20, end=0.2), phase=Phase.GLOBAL_POOLING)
    tail = curve([0.4, 0.3, 0.25], [0.5, 0.4, 0.3], phase=Phase.LAST_BLOCKS)
    tail = [replace(record, epoch=21 + index, best_epoch=20) for index, record in enumerate(tail)]
    assert verdict([*head, *tail]) is Verdict.GOES_WELL
    assert verdict([*head, *tail[:2]]) is None


def test_a_poor_last_phase_does_not_hide_the_head_that_is_delivered() -> None:
    """Hidden layers that never start to learn leave the linear head before them as good as it was."""
    head = curve(falling(20), falling(20, end=0.3), phase=Phase.GLOBAL_POOLING, planned=40)
    hidden = curve([2.3] * 20, [2.3] * 20, accuracy=0.2, validation_accuracy=0.2, phase=Phase.HIDDEN_LAYERS)
    hidden = [
        replace(record, epoch=21 + index, best_epoch=20, epochs=40) for index, record in enumerate(hidden)
    ]
    assert verdict([*head, *hidden], baseline=0.2) is Verdict.GOES_WELL
    assert verdict(hidden, baseline=0.2) is Verdict.UNDERFITS
