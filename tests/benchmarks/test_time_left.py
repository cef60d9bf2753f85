"""An estimate counts as right only if someone could have planned by it."""

from __future__ import annotations

import pytest

from benchmarks.time_left import Sample, share_right
from core.progress import Stage


def said(at: float, seconds_left: float | None) -> Sample:
    return Sample(at=at, fraction=0.5, seconds_left=seconds_left, stage=Stage.TRAINING)


@pytest.mark.parametrize(
    ("at", "seconds_left", "is_right"),
    [
        (20, 60, True),  # 80 are left: a quarter too few
        (20, 59, False),
        (20, 100, True),
        (20, 101, False),
        (20, None, False),  # nothing said is nothing to plan by
        (98, 4, True),  # two seconds are nothing
        (98, 4.1, False),
    ],
)
def test_a_quarter_off_is_right_and_more_is_not(
    at: float, seconds_left: float | None, is_right: bool
) -> None:
    assert share_right([said(at, seconds_left)], ended=100.0) == is_right


def test_the_first_tenth_does_not_count() -> None:
    samples = [said(0, 5), said(9.9, 5), said(10, 90), said(50, 500), said(60, 40), said(75, 25)]
    assert share_right(samples, ended=100.0) == 0.75


def test_without_a_sample_there_is_no_share() -> None:
    with pytest.raises(ValueError, match=r"in the 0\.2 s"):
        share_right([said(0, 0.2)], ended=0.2)
