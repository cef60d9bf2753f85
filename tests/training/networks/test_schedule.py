"""The learning rate of every step, by hand."""

from __future__ import annotations

import pytest

from core.training.config import OptimizerConfig, Schedule
from core.training.networks.schedule import PLATEAU_FACTOR, learning_rate_at


def rate(schedule: Schedule, step: int, plateaus: int = 0, warmup: float = 0.1) -> float:
    config = OptimizerConfig(schedule=schedule, warmup_fraction=warmup)
    return learning_rate_at(config, 2.0, step, 100, plateaus)


@pytest.mark.parametrize("schedule", Schedule)
def test_it_rises_evenly_while_warming_up(schedule: Schedule) -> None:
    """Ten of a hundred steps; the eleventh has the whole rate."""
    assert [rate(schedule, step) for step in (0, 4, 9, 10)] == pytest.approx([2 / 11, 10 / 11, 20 / 11, 2.0])


def test_a_cosine_goes_down_to_a_hundredth() -> None:
    assert rate(Schedule.COSINE, 55) == pytest.approx(2.0 * (0.01 + 0.99 / 2))  # half way
    assert rate(Schedule.COSINE, 100) == pytest.approx(0.02)
    assert rate(Schedule.COSINE, 500) == pytest.approx(0.02)  # never below


def test_plateaus_lower_it_but_not_to_nothing() -> None:
    assert rate(Schedule.PLATEAU, 50, plateaus=2) == pytest.approx(2.0 * PLATEAU_FACTOR**2)
    assert rate(Schedule.PLATEAU, 50, plateaus=50) == pytest.approx(0.02)
    assert rate(Schedule.CONSTANT, 50, plateaus=2) == 2.0


def test_no_warm_up_begins_with_the_whole_rate() -> None:
    assert rate(Schedule.CONSTANT, 0, warmup=0.0) == 2.0
