"""A richer head is kept only where validation speaks clearly for it."""

from __future__ import annotations

import numpy as np
import pytest

from core.training.heads.linear import EpochScores
from core.training.heads.selection import HeadSelection, is_clearly_lower


def epoch(losses: np.ndarray) -> EpochScores:
    return EpochScores(
        loss=0.0,
        accuracy=1.0,
        validation_loss=float(losses.mean()),
        validation_accuracy=1.0,
        validation_macro_f1=1.0,
        validation_losses=losses,
        validation_logits=np.zeros((len(losses), 2), np.float32),
    )


def losses_of(pictures: int, mean: float, spread: float, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed).normal(size=pictures)
    return mean + spread * (draw - draw.mean()) / draw.std(ddof=1)


@pytest.mark.parametrize(
    ("gain", "clear"),
    [(0.5, True), (0.11, True), (0.09, False), (0.0, False), (-0.5, False)],
)
def test_a_gain_counts_beyond_its_standard_error(gain: float, clear: bool) -> None:
    """100 differences that spread by 1 have a standard error of 0.1, however much the losses differ."""
    shared = np.random.default_rng(1).exponential(5.0, size=100)
    difference = losses_of(100, gain, 1.0, seed=2)
    assert is_clearly_lower(shared, shared + difference) is clear


def test_copies_of_pictures_prove_no_more_than_one_of_each() -> None:
    """Ten shots of each of 40 motifs: 400 differences look surer than the 40 that they are."""
    gains = losses_of(40, 0.1, 1.0, seed=2)
    copied = gains.repeat(10)
    assert is_clearly_lower(np.zeros(400), copied)
    assert not is_clearly_lower(np.zeros(400), copied, np.arange(40).repeat(10))
    assert not is_clearly_lower(np.zeros(40), gains)
    assert is_clearly_lower(np.zeros(400), copied + 0.1, np.arange(40).repeat(10))


def test_pictures_of_one_group_prove_nothing() -> None:
    assert not is_clearly_lower(np.zeros(50), losses_of(50, 3.0, 1.0, seed=2), np.zeros(50))


def test_the_selection_counts_groups() -> None:
    selection = HeadSelection(np.arange(40).repeat(10))
    selection.begin()
    selection.may_be_best(epoch(losses_of(40, 0.1, 1.0, seed=2).repeat(10)))
    selection.begin()
    assert not selection.may_be_best(epoch(np.zeros(400)))


@pytest.mark.parametrize("pictures", [0, 1])
def test_one_picture_proves_nothing(pictures: int) -> None:
    assert not is_clearly_lower(np.zeros(pictures), np.ones(pictures))


def test_the_first_head_may_always_be_best() -> None:
    selection = HeadSelection()
    selection.begin()
    assert all(selection.may_be_best(epoch(losses_of(30, mean, 1.0, seed=3))) for mean in (3.0, 1.0, 2.0))


def test_the_second_head_is_measured_against_the_best_epoch_of_the_first() -> None:
    """Not against its last, which may have learnt by heart."""
    selection = HeadSelection()
    selection.begin()
    for mean in (3.0, 1.0, 2.0):
        selection.may_be_best(epoch(losses_of(30, mean, 1.0, seed=3)))
    selection.begin()
    assert not selection.may_be_best(epoch(losses_of(30, 1.5, 1.0, seed=4))), "lower than the last alone"
    assert not selection.may_be_best(epoch(losses_of(30, 0.99, 1.0, seed=4))), "lower by chance"
    assert selection.may_be_best(epoch(losses_of(30, 0.2, 1.0, seed=4)))


def test_a_third_head_must_beat_the_one_that_is_kept() -> None:
    selection = HeadSelection()
    for mean, kept in ((2.0, True), (1.9, False), (1.8, False)):
        selection.begin()
        assert selection.may_be_best(epoch(losses_of(30, mean, 3.0, seed=int(10 * mean)))) is kept
    selection.begin()
    assert selection.may_be_best(epoch(losses_of(30, 0.1, 3.0, seed=1)))
