"""A file is called faster only where it was measured faster."""

from __future__ import annotations

import pytest

from core.delivery.certificate.timing import speed_of_rounds

REFERENCE = 0.010


def test_ratio_and_interval_are_order_statistics_of_nine_rounds() -> None:
    ratios = [0.9, 0.5, 0.6, 0.8, 0.7, 1.0, 1.1, 1.2, 1.3]
    speed = speed_of_rounds([(ratio * REFERENCE, REFERENCE) for ratio in ratios])
    assert speed.ratio == pytest.approx(0.9)
    assert speed.ratio_interval == pytest.approx((0.6, 1.2))
    assert speed.milliseconds == pytest.approx(9.0)
    assert (speed.is_faster, speed.is_slower) == (False, False)


@pytest.mark.parametrize(
    ("ratio", "is_faster", "is_slower"), [(0.5, True, False), (2.0, False, True), (1.0, False, False)]
)
def test_one_disturbed_round_does_not_decide(ratio: float, is_faster: bool, is_slower: bool) -> None:
    rounds = [(ratio * REFERENCE, REFERENCE)] * 8 + [(10 * REFERENCE, REFERENCE)]
    speed = speed_of_rounds(rounds)
    assert (speed.is_faster, speed.is_slower) == (is_faster, is_slower)


def test_a_slower_computer_slows_both_and_changes_no_ratio() -> None:
    steady = speed_of_rounds([(0.02, 0.01)] * 9)
    throttled = speed_of_rounds([(0.02 * slow, 0.01 * slow) for slow in range(1, 10)])
    assert steady.ratio == pytest.approx(throttled.ratio)
    assert throttled.ratio_interval == pytest.approx((2.0, 2.0))
