"""A search's figures say what they are named after."""

from __future__ import annotations

import pytest

from benchmarks.search import Held, growth_percent, overhead_percent
from benchmarks.search_quality import gain_sentence, standard_error
from core.search.records import TrialRecord, TrialState
from core.search.space import Speed


def test_what_no_trial_took_is_overhead() -> None:
    trials = [
        TrialRecord(number=number, state=TrialState.COMPLETE, speed=Speed.HEAD, params={}, settings={}, seconds=seconds)
        for number, seconds in enumerate((2.0, 3.0, 4.0))
    ]  # fmt: skip
    assert overhead_percent(trials, seconds=10.0) == pytest.approx(10.0)


def test_memory_grows_only_where_it_stays() -> None:
    """A single peak is none; of 100 trials, five on either side of the 20th count, and the last ten."""
    flat = [Held(trials=number, bytes=1000) for number in range(1, 101)]
    flat[60] = Held(trials=61, bytes=5000)
    assert growth_percent(flat, 20) == 0.0
    leaking = [Held(trials=number, bytes=1000 + 10 * number) for number in range(1, 101)]
    assert growth_percent(leaking, 20) == pytest.approx(100 * (1950 / 1200 - 1))


def test_memory_that_was_not_measured_early_is_no_growth() -> None:
    with pytest.raises(ValueError, match="around trial 20"):
        growth_percent([Held(trials=100, bytes=1)], 20)


def test_noise_is_that_of_counting() -> None:
    """Of 100 pictures, nine in ten right: √(0.9 · 0.1 / 100) = 0.03."""
    assert standard_error(0.9, 100) == pytest.approx(0.03)


@pytest.mark.parametrize(("is_real", "ends"), [(True, "a gain"), (False, "may be chance")])
def test_a_gain_is_told_with_its_interval(is_real: bool, ends: str) -> None:
    gain = {"gain": 0.012, "low": -0.001, "high": 0.025, "is_real": is_real}
    expected = f"+1.2 points over the default settings (-0.1 to +2.5): {ends}"
    assert gain_sentence(gain) == expected
