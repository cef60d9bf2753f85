"""Time left of a stage and of a job, on numbers worked out by hand."""

from __future__ import annotations

import pytest

from core.jobs.time_left import StageThroughput, TimeLeft
from core.progress import Stage


def test_a_constant_throughput_is_measured_exactly() -> None:
    pace = StageThroughput()
    for second in range(31):
        pace.advance(4 * second, 400, float(second))
    assert pace.rate() == pytest.approx(4)
    assert pace.seconds_left(30.0) == pytest.approx((400 - 120) / 4)


def test_recent_throughput_counts_most() -> None:
    """Another program takes half of the computer: after a minute the estimate has mostly followed."""
    pace = StageThroughput()
    for second in range(41):
        pace.advance(10 * second, 2000, float(second))
    for second in range(1, 61):
        pace.advance(400 + 5 * second, 2000, 40.0 + second)
    rate = pace.rate()
    assert rate is not None
    assert 5.0 < rate < 6.5  # the mean over all would be 7


def test_a_slow_first_step_counts_only_at_first() -> None:
    """The first step compiles the network for 20 s; the others take a tenth of a second."""
    pace = StageThroughput()
    pace.advance(0, 1000, 0.0)
    for step in range(1, 101):
        pace.advance(step, 1000, 20 + 0.1 * step)
    assert pace.seconds_left(30.0) == pytest.approx(90)  # the mean since the beginning would say 270


def test_between_two_steps_the_time_goes_on() -> None:
    """A step an epoch, 10 s each: 6 s into the fourth of five, 4 s of it and one whole are left."""
    pace = StageThroughput()
    for epoch in range(4):
        pace.advance(epoch, 5, 10.0 * epoch)
    assert pace.seconds_left(36.0) == pytest.approx(14)
    assert pace.seconds_left(60.0) == pytest.approx(10)  # late; but the fifth is still to come


def test_the_plan_is_trusted_until_a_tenth_is_done() -> None:
    """At 5% half of the plan's word counts, half of the measured pace's."""
    left = TimeLeft()
    left.plan({Stage.TRAINING: 100})
    left.begin(Stage.TRAINING, 0.0)
    left.throughput.advance(0, 100, 0.0)
    left.throughput.advance(5, 100, 10.0)  # 2 s a step: 190 s left; by the plan 95
    assert left.of_stage(10.0) == pytest.approx((190 + 95) / 2)
    left.throughput.advance(10, 100, 20.0)
    assert left.of_stage(20.0) == pytest.approx(180)


def test_a_stage_that_comes_again_keeps_what_is_left_of_its_plan() -> None:
    """Fine-tuning the last blocks and then all: planned as one."""
    left = TimeLeft()
    left.plan({Stage.FINE_TUNING: 100, Stage.EXPORTING: 20})
    left.begin(Stage.FINE_TUNING, 0.0)
    left.throughput.advance(0, 10, 0.0)
    left.throughput.advance(10, 10, 30.0)
    left.begin(Stage.FINE_TUNING, 30.0)
    assert left.of_stage(30.0) == 70
    assert left.of_later_stages() == 20


def test_a_stage_left_in_the_middle_is_still_to_come() -> None:
    """An evaluation that first computes features."""
    left = TimeLeft()
    left.plan({Stage.TRAINING: 50})
    left.begin(Stage.TRAINING, 0.0)
    left.throughput.advance(0, 10, 0.0)
    left.throughput.advance(4, 10, 20.0)
    left.begin(Stage.DECODING, 20.0)
    assert left.of_later_stages() == 30


def test_a_stage_that_is_skipped_is_not_waited_for() -> None:
    """Everything was decoded already; and what finished early is over."""
    left = TimeLeft()
    left.plan({Stage.EXPORTING: 20, Stage.DECODING: 90, Stage.FEATURES: 40, Stage.TRAINING: 3})
    left.begin(Stage.FEATURES, 0.0)
    assert left.of_later_stages() == 23
    left.throughput.advance(0, 10, 0.0)
    left.throughput.advance(10, 10, 5.0)
    left.begin(Stage.TRAINING, 5.0)
    assert (left.of_stage(5.0), left.of_later_stages()) == (3, 20)


def test_a_better_plan_counts_at_once() -> None:
    """After a trial of a few steps, or when an early stop can be foreseen."""
    left = TimeLeft()
    left.plan({Stage.PROFILING: 5, Stage.FINE_TUNING: 60, Stage.EXPORTING: 20})
    left.begin(Stage.PROFILING, 0.0)
    left.plan({Stage.FINE_TUNING: 600})
    assert (left.of_stage(2.0), left.of_later_stages()) == (3, 620)


@pytest.mark.parametrize("speeds", [[1.0, 1.0, 1.0], [1.4, 1.0, 1.0], [0.8, 1.0, 1.0]])
def test_the_estimate_follows_a_pace_that_changes(speeds: list[float]) -> None:
    """Steps of a second, in thirds that are slower or faster; every other one takes three times as long."""
    seconds = [speeds[3 * step // 600] * (1.5 if step % 2 else 0.5) for step in range(600)]
    left, now = TimeLeft(), 0.0
    left.plan({Stage.TRAINING: sum(seconds)})
    left.begin(Stage.TRAINING, now)
    left.throughput.advance(0, 600, now)
    for step in range(1, 570):
        now += seconds[step - 1]
        left.throughput.advance(step, 600, now)
        if step > 260:
            assert left.of_stage(now) == pytest.approx(sum(seconds[step:]), rel=0.25)


@pytest.mark.parametrize("epochs", [5, 20])
def test_pauses_for_validation_keep_the_estimate_steady(epochs: int) -> None:
    """50 steps of a second, then 10 s without a report, again and again."""
    left, now = TimeLeft(), 0.0
    left.plan({Stage.FINE_TUNING: 45.0 * epochs})
    left.begin(Stage.FINE_TUNING, now)
    left.throughput.advance(0, 50 * epochs, now)
    for step in range(1, 50 * epochs - 50):
        now += 1.0 if step == 1 or step % 50 != 1 else 11.0
        left.throughput.advance(step, 50 * epochs, now)
        true = 60.0 * epochs - now
        if now > 6.0 * epochs:
            assert left.of_stage(now) == pytest.approx(true, rel=0.25)


def test_a_plan_that_is_half_right_is_corrected_after_a_tenth() -> None:
    """The plan says 300 s, it takes 600 s: from 10% on the estimate is right."""
    left, now = TimeLeft(), 0.0
    left.plan({Stage.TRAINING: 300})
    left.begin(Stage.TRAINING, now)
    left.throughput.advance(0, 600, now)
    for step in range(1, 600):
        left.throughput.advance(step, 600, float(step))
        if step >= 60:
            assert left.of_stage(float(step)) == pytest.approx(600 - step, rel=0.01)


def test_a_stage_that_may_end_early_is_expected_to() -> None:
    """A hundred steps at most, two seconds each; by what it says it will end after sixty."""
    left = TimeLeft()
    left.plan({Stage.FINE_TUNING: 1000})
    left.begin(Stage.FINE_TUNING, 0.0)
    for step in range(31):
        left.throughput.advance(step, 100, 2.0 * step, likely=60)
    assert left.of_stage(60.0) == pytest.approx(60)
    assert (left.throughput.done, left.throughput.total) == (30, 100)
