"""Duplicate candidates by features: copies that hashes miss, such as strong crops.

Copies are close to each other, so pictures are compared only within small cells of the feature
space. The time grows with the power 1.5 of their number instead of its square.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

# Near the border of a cell, a copy can be in the next one.
_CELLS_A_PICTURE = 2
# Neighbours of each picture.
_PROPOSED = 3
_PICTURES_TOGETHER = 1024


@threadpool_limits.wrap(limits=1, user_api="blas")
def proposed_copies(points: np.ndarray, farthest: float, *, seed: int = 0) -> set[tuple[int, int]]:
    """Propose pairs of rows to compare by pixels: each is among the other's nearest neighbours.

    Args:
        points: reduced features, float32 (n, D).
        farthest: maximal distance of a pair.
    """
    count = len(points)
    if count < 2:
        return set()
    cells = _cells(points, seed)
    near: set[tuple[int, int]] = set()
    for cell in range(int(cells.max()) + 1):
        members = np.flatnonzero((cells == cell).any(axis=1))
        near |= _near_within(points, members, farthest)
    return {(first, second) for first, second in near if first < second and (second, first) in near}


def _cells(points: np.ndarray, seed: int) -> np.ndarray:
    """Assign each picture to the cells of the nearest two random pictures: int64 (n, 2)."""
    count = max(_CELLS_A_PICTURE, round(len(points) ** 0.5))
    drawn = np.random.default_rng(seed).permutation(len(points))[:count]
    nearest = [
        np.argpartition(
            _squares(points[start : start + _PICTURES_TOGETHER], points[drawn]), _CELLS_A_PICTURE - 1
        )
        for start in range(0, len(points), _PICTURES_TOGETHER)
    ]
    cells: np.ndarray = np.concatenate(nearest)[:, :_CELLS_A_PICTURE]
    return cells


def _near_within(points: np.ndarray, members: np.ndarray, farthest: float) -> set[tuple[int, int]]:
    """Pair members with their nearest ones within the distance."""
    taken = min(_PROPOSED, len(members) - 1)
    pairs: set[tuple[int, int]] = set()
    if taken < 1:
        return pairs
    for start in range(0, len(members), _PICTURES_TOGETHER):
        queries = members[start : start + _PICTURES_TOGETHER]
        squares = _squares(points[queries], points[members])
        squares[np.arange(len(queries)), start + np.arange(len(queries))] = np.inf
        near = np.argpartition(squares, taken - 1)[:, :taken]
        row, column = np.nonzero(np.take_along_axis(squares, near, axis=1) <= farthest**2)
        pairs |= set(zip(queries[row].tolist(), members[near[row, column]].tolist(), strict=True))
    return pairs


def _squares(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute squared distances, float32 (n, m)."""
    squares: np.ndarray = np.square(first).sum(axis=1)[:, np.newaxis] + np.square(second).sum(axis=1)
    squares -= 2 * (first @ second.T)
    return squares
