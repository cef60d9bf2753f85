"""Nearest neighbours are those of a comparison with every reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from core.doctor.features import neighbours
from core.doctor.features.neighbours import nearest_neighbours, similar_rows
from core.progress import QuietProgress
from tests.support.digit_features import digit_points


@given(
    points=st.integers(0, 30),
    references=st.integers(0, 30),
    count=st.integers(0, 8),
    seed=st.integers(0, 1000),
)
def test_distances_are_the_smallest_in_order(points: int, references: int, count: int, seed: int) -> None:
    """Whole numbers, so that many are equally far and copies are among them."""
    random = np.random.default_rng(seed)
    first = random.integers(0, 4, (points, 3)).astype(np.float32)
    second = random.integers(0, 4, (references, 3)).astype(np.float32)
    found = nearest_neighbours(first, second, count)
    expected = np.sort(cdist(first, second), axis=1)[:, :count]
    np.testing.assert_allclose(found.distances, expected, atol=1e-5)
    every = np.arange(points)[:, None]
    np.testing.assert_allclose(cdist(first, second)[every, found.rows], expected, atol=1e-5)


def test_no_picture_is_its_own_neighbour_but_its_copy_is() -> None:
    points = np.concatenate([digit_points()[:200], digit_points()[:1]])
    found = nearest_neighbours(points, points, 5, own_rows=np.arange(201))
    assert not (found.rows == np.arange(201)[:, None]).any()
    assert (found.rows[0, 0], found.rows[200, 0]) == (200, 0)
    assert found.distances[0, 0] == 0


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    points = digit_points()[:500]
    whole = nearest_neighbours(points, points, 7)
    monkeypatch.setattr(neighbours, "_MAX_ROWS", 33)
    done: list[tuple[int, int]] = []
    parts = nearest_neighbours(points, points, 7, on_block=lambda *step: done.append(step))
    np.testing.assert_allclose(parts.distances, whole.distances, atol=1e-5)
    assert done[0] == (33, 500)
    assert done[-1] == (500, 500)


def test_each_of_two_pictures_has_one_neighbour() -> None:
    np.testing.assert_array_equal(similar_rows(digit_points()[:2], QuietProgress()), [[1], [0]])
    assert similar_rows(digit_points()[:1], QuietProgress()).shape == (1, 0)
