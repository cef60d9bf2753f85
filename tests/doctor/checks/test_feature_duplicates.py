"""Near points are proposed, far ones are not, and the cells miss almost nothing."""

from __future__ import annotations

import numpy as np
import pytest

from core.doctor.checks.feature_duplicates import proposed_copies
from core.doctor.features.neighbours import nearest_neighbours
from tests.support.digit_features import digit_points


def test_nearly_all_mutual_neighbours_are_proposed() -> None:
    """Compared with a search among all, which takes the square of the time."""
    points = digit_points()
    nearest = nearest_neighbours(points, points, 3, own_rows=np.arange(len(points)))
    farthest = float(np.quantile(nearest.distances, 0.2))
    near = {
        (row, int(other))
        for row in range(len(points))
        for other, distance in zip(nearest.rows[row], nearest.distances[row], strict=True)
        if distance <= farthest
    }
    expected = {(first, second) for first, second in near if first < second and (second, first) in near}
    assert len(expected) > 200
    assert len(expected - proposed_copies(points, farthest)) <= 0.05 * len(expected)


def test_no_pair_is_farther_apart_than_asked_for() -> None:
    points = digit_points()
    proposed = np.array(sorted(proposed_copies(points, 0.2)))
    assert (proposed[:, 0] < proposed[:, 1]).all()
    assert np.linalg.norm(points[proposed[:, 0]] - points[proposed[:, 1]], axis=1).max() <= 0.2 + 1e-3
    assert len(proposed) <= 3 * len(points)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures_are_compared_with_each_other(count: int) -> None:
    points = np.zeros((count, 4), np.float32)
    assert proposed_copies(points, 1.0) == ({(0, 1)} if count == 2 else set())
