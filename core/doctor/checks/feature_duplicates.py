"""Duplicate candidates by features: copies that hashes miss, such as strong crops.

Copies lie close together, so pictures are compared only within small cells of the
feature space: the time grows with the power of one and a half of their number,
not with its square.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

_CELLS_A_PICTURE = 2  # beside the border of a cell, its copy may lie in the next one
_PROPOSED = 3  # neighbours a picture
_PICTURES_TOGETHER = 1024


@threadpool_limits.wrap(limits=1, user_api="blas")
def proposed_copies(points: np.ndarray, farthest: float, *, seed: int = 0) -> set[tuple[int, int]]:
    """Propose pairs of rows to compare pixel by pixel: each is among the other's nearest neighbours.

    Args:
        points: reduced features, float32 (n, D).
        farthest: pairs farther apart are not proposed.
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
    """Cells of each picture, given by the nearest two random pictures: int64 (n, 2)."""
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
    """Pairs of members and their nearest ones within the distance."""
    taken = min(_PROPOSED, len(members) - 1)
    pairs: set[tuple[int, int]] = set()
    if taken < 1:
        return pairs
    for start in range(0, len(members), _PICTURES_TOGETHER):
        asked = members[start : start + _PICTURES_TOGETHER]
        squares = _squares(points[asked], points[members])
        squares[np.arange(len(asked)), start + np.arange(len(asked))] = np.inf
        near = np.argpartition(squares, taken - 1)[:, :taken]
        row, place = np.nonzero(np.take_along_axis(squares, near, axis=1) <= farthest**2)
        pairs |= set(zip(asked[row].tolist(), members[near[row, place]].tolist(), strict=True))
    return pairs


def _squares(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared distances, float32 (n, m)."""
    squares: np.ndarray = np.square(first).sum(axis=1)[:, np.newaxis] + np.square(second).sum(axis=1)
    squares -= 2 * (first @ second.T)
    return squares
