"""Shortcuts: one spot of one class, away from the centre, tested by pasting it."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.explanations.mean_heatmaps import Explained, mean_heatmaps
from core.evaluation.explanations.shortcuts import (
    LEAST_PICTURES,
    Position,
    common_spot,
    describe,
    paste_spot,
)

SIDE = 7


def maps_at(row: int, column: int, count: int = 10, spot: float = 1.0) -> list[np.ndarray]:
    """Maps with the hottest cell near one place, and a little everywhere else."""
    random = np.random.default_rng(row + 10 * column)
    maps = [random.uniform(0, 0.01, (SIDE, SIDE)) for _ in range(count)]
    for values in maps:
        values[row + random.integers(-1, 2), column + random.integers(-1, 2)] += spot
    return maps


def scattered(count: int = 10) -> list[np.ndarray]:
    random = np.random.default_rng(4)
    return list(random.uniform(0, 1, (count, SIDE, SIDE)))


def test_the_spot_of_one_class_is_found_and_placed() -> None:
    spot = common_spot(maps_at(1, 1), scattered())
    assert spot is not None
    assert (spot.rows, spot.columns) == (slice(0, 3), slice(0, 3))
    assert spot.position is Position.TOP_LEFT
    assert spot.share == 1.0
    assert spot.mass == pytest.approx(0.85, abs=0.1)


@pytest.mark.parametrize(
    ("row", "column", "position"),
    [(1, 5, Position.TOP_RIGHT), (5, 3, Position.BOTTOM), (3, 1, Position.LEFT)],
)
def test_positions_are_thirds_of_the_picture(row: int, column: int, position: Position) -> None:
    spot = common_spot(maps_at(row, column), scattered())
    assert spot is not None
    assert spot.position is position


@pytest.mark.parametrize(
    ("own", "others"),
    [
        pytest.param(maps_at(3, 3), scattered(), id="subjects are at the centre"),
        pytest.param(maps_at(1, 1), maps_at(1, 1), id="the other classes are looked at there as well"),
        pytest.param(scattered(), scattered(), id="evidence everywhere"),
        pytest.param(maps_at(1, 1, LEAST_PICTURES - 1), scattered(), id="too few pictures"),
        pytest.param([np.eye(3)[:, ::-1]] * 10, [np.ones((3, 3))] * 10, id="too coarse"),
        pytest.param([np.zeros((SIDE, SIDE))] * 10, scattered(), id="no support"),
    ],
)
def test_a_spot_that_tells_nothing_is_left_out(own: list[np.ndarray], others: list[np.ndarray]) -> None:
    assert common_spot(own, others) is None


def test_a_spot_that_changes_answers_is_proven() -> None:
    """The classifier answers with the class where the upper left corner is bright."""

    def is_answered(pictures: np.ndarray) -> np.ndarray:
        bright: np.ndarray = pictures[:, :10, :10].mean(axis=(1, 2, 3)) > 128
        return bright

    spot = common_spot(maps_at(1, 1), scattered())
    assert spot is not None
    plain = np.full((9, 70, 70, 3), 20, np.uint8)
    dotted = plain.copy()
    dotted[:, :20, :20] = 250
    shortcut = paste_spot("cat", spot, dotted, plain, is_answered)
    assert (shortcut.flipped, shortcut.flipped_by_chance, shortcut.is_proven) == (1.0, 0.0, True)
    assert "top left, in 100% of the pictures of class “cat”" in str(describe(shortcut))
    blind = paste_spot("cat", spot, dotted, plain, lambda pictures: np.zeros(len(pictures), bool))
    assert not blind.is_proven
    assert "learnt a shortcut" in str(describe(blind))


def test_each_picture_has_the_same_weight_in_a_mean() -> None:
    strong, weak = np.zeros((2, 2)), np.zeros((2, 2))
    strong[0, 0], weak[1, 1] = 8.0, 0.5
    cases = [
        Explained(row=0, true_class="a", answer="a", support=strong),
        Explained(row=1, true_class="a", answer="a", support=weak),
        Explained(row=2, true_class="b", answer="a", support=weak),
        Explained(row=3, true_class="b", answer="b", support=np.zeros((2, 2))),
    ]
    right, confusion = mean_heatmaps(cases, ("a", "b"))
    assert (right.true_class, right.answer, right.pictures) == ("a", "a", 2)
    assert right.values == ((0.5, 0.0), (0.0, 0.5))
    assert (confusion.true_class, confusion.answer, confusion.is_right) == ("b", "a", False)
