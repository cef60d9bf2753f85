"""Epochs left by early stopping, on cases worked out by hand."""

from __future__ import annotations

import pytest

from core.training.expected_epochs import likely_epochs


def test_with_more_patience_than_epochs_all_of_them_come() -> None:
    assert likely_epochs(12, patience=12) == pytest.approx(12)


def test_without_early_stopping_no_epoch_is_looked_at() -> None:
    """The Train page stood still for minutes."""
    assert likely_epochs(10_000, patience=10_000) == 10_000
    assert likely_epochs(9_000, patience=10_000, tried=1_000, improved=1, since_best=999) == 9_000


def test_one_epoch_without_a_better_one_may_end_a_phase() -> None:
    """The first is the best of one, so the second comes; the third comes if that was better, too.

    With probability 0.4 the network still learns then (which it does four times in five), else it is
    the better of two by chance.
    """
    assert likely_epochs(3, patience=1) == pytest.approx(1 + 1 + 0.4 * 0.8 + 0.6 * 0.5)


def test_the_nearer_the_end_of_its_patience_the_fewer_are_expected() -> None:
    expected = [
        likely_epochs(12 - tried, patience=5, tried=tried, improved=2, since_best=tried - 2)
        for tried in range(2, 7)
    ]
    assert expected == sorted(expected, reverse=True)
    assert 1 < expected[-1] < 2


def test_a_phase_that_goes_on_improving_is_expected_to_go_on_longer() -> None:
    assert likely_epochs(10, patience=5, tried=10, improved=10) > 7.5
    assert likely_epochs(10, patience=5, tried=10, improved=7, since_best=3) < 4


def test_after_the_last_epoch_none_is_left() -> None:
    assert likely_epochs(0, patience=5, tried=12, improved=3, since_best=1) == 0
