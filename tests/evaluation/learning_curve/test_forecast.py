"""Forecast of twice as many pictures: it holds what it promises, or is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.evaluation.learning_curve import forecast as module
from core.evaluation.learning_curve.forecast import Share, Trials, forecast
from core.evaluation.learning_curve.records import Forecast, NoForecast

PICTURES = (100, 200, 350, 600, 1000)
NAMES = ("cat", "dog")


def trials(
    errors: Sequence[Sequence[float]],
    *,
    validation: int = 1000,
    pictures: Sequence[int] = PICTURES,
    groups: int | None = None,
    training_groups: int = 1000,
    shared: float = 0.8,
    seed: int = 0,
) -> Trials:
    """Trials whose heads err on each class with these rates.

    Args:
        shared: 0.8: a picture is hard for all heads alike; 0: each head has its own mistakes.
    """
    random = np.random.default_rng(seed)
    targets = np.eye(2, dtype=bool)[np.arange(validation) % 2]
    hardness = random.random(validation)
    shares = []
    for count, (cat, dog) in zip(pictures, zip(*errors, strict=True), strict=True):
        rates = np.where(targets[:, 0], cat, dog)
        luck = random.random((1 if count == pictures[-1] else 3, validation))
        wrong = (_uniform(shared * hardness + (1 - shared) * luck) if shared else luck) < rates
        shares.append(Share(pictures=count, wrong=wrong, missed=targets & wrong[:, :, None]))
    each = np.arange(validation)
    return Trials(
        shares=shares,
        targets=targets,
        groups=each if groups is None else each % groups,
        training_groups=training_groups,
    )


def law(floor: float, reach: float, exponent: float = 0.5) -> list[float]:
    return (floor + reach * (np.array(PICTURES) / 1000) ** -exponent).tolist()


def test_the_gain_of_twice_as_many_lies_in_its_interval() -> None:
    """Expected: 0.15 * (1 - 1 / sqrt(2)) = 4.4 points, in most of 40 simulated validation sets."""
    truth, covered, reached = 0.15 * (1 - 2**-0.5), 0, list[float]()
    for seed in range(40):
        found = forecast(trials([law(0.05, 0.15)] * 2, seed=seed), NAMES)
        assert isinstance(found, Forecast)
        low, high = found.interval
        assert low <= found.gain <= high
        covered += low <= truth <= high
        reached.append(found.gain)
    assert covered >= 35
    assert np.mean(reached) == pytest.approx(truth, abs=0.01)


def test_the_band_begins_with_the_fewest_pictures_and_ends_at_twice_as_many() -> None:
    found = forecast(trials([law(0.05, 0.15)] * 2), NAMES)
    assert isinstance(found, Forecast)
    assert (found.curve[0].pictures, found.curve[-1].pictures) == (100, 2000)
    assert found.curve[-1].accuracy - _at(found, 1000) == pytest.approx(found.gain, abs=0.004)
    for point in found.curve:
        assert point.interval[0] <= point.accuracy <= point.interval[1]


def test_the_class_that_gains_is_named() -> None:
    """Cats have nothing left to gain."""
    found = forecast(trials([[0.1] * 5, law(0.0, 0.3)]), NAMES)
    assert isinstance(found, Forecast)
    assert [row.name for row in found.classes] == ["dog"]
    assert found.classes[0].gain == pytest.approx(0.3 * (1 - 2**-0.5), abs=0.03)


def test_a_curve_that_is_flat_promises_little() -> None:
    found = forecast(trials([[0.1] * 5] * 2), NAMES)
    assert isinstance(found, Forecast)
    assert found.gain < 0.01
    assert found.classes == ()


def test_few_pictures_are_refused() -> None:
    few = module.LEAST_TRAINING_GROUPS - 1
    assert forecast(trials([law(0.05, 0.15)] * 2, training_groups=few), NAMES) is NoForecast.TOO_FEW_PICTURES
    grouped = trials([law(0.05, 0.15)] * 2, groups=module.LEAST_VALIDATION_GROUPS - 1)
    assert forecast(grouped, NAMES) is NoForecast.TOO_FEW_PICTURES


def test_a_curve_that_is_no_power_law_is_refused() -> None:
    assert forecast(trials([[0.1, 0.3, 0.1, 0.3, 0.1]] * 2), NAMES) is NoForecast.BAD_FIT


def test_a_forecast_that_says_nothing_is_refused() -> None:
    """40 validation pictures, and heads whose mistakes have nothing in common."""
    uncertain = trials([law(0.1, 0.28)] * 2, validation=40, shared=0)
    assert forecast(uncertain, NAMES) is NoForecast.TOO_UNCERTAIN


def _at(found: Forecast, pictures: int) -> float:
    counts = [point.pictures for point in found.curve]
    return float(np.interp(np.log(pictures), np.log(counts), [point.accuracy for point in found.curve]))


def _uniform(values: np.ndarray) -> np.ndarray:
    """Distribution of 0.8 U + 0.2 V for uniform U and V, mapped to a uniform one."""
    big, small = 0.8, 0.2
    rising = values**2 / (2 * big * small)
    level = (values - small / 2) / big
    falling = 1 - (1 - values) ** 2 / (2 * big * small)
    mapped: np.ndarray = np.where(values < small, rising, np.where(values > big, falling, level))
    return mapped


def test_the_interval_holds_what_a_second_training_gets() -> None:
    """Training pictures bring luck: a standard deviation of 1 point with 1,000 of them, as in real curves.

    The next training has the same 1,000 pictures and as many others.
    """
    held = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        hardness, targets = random.random(1000), np.eye(2, dtype=bool)[np.arange(1000) % 2]
        luck, shares = 0.01 * random.standard_normal(2), list[Share]()
        for count, rate in zip(PICTURES, law(0.05, 0.15), strict=True):
            is_last = count == PICTURES[-1]
            chance = luck[:1] if is_last else 0.01 * (1000 / count) ** 0.5 * random.standard_normal(3)
            wrong = hardness < rate + chance[:, None]
            shares.append(Share(pictures=count, wrong=wrong, missed=targets & wrong[:, :, None]))
        made = Trials(shares=shares, targets=targets, groups=np.arange(1000), training_groups=1000)
        found = forecast(made, NAMES)
        assert isinstance(found, Forecast)
        after = (hardness < 0.05 + 0.15 * 2**-0.5 + luck.mean()).mean()
        low, high = found.interval
        held += low <= shares[-1].wrong.mean() - after <= high
    assert held >= 17
