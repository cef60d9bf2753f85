"""Exact nearest neighbours of pictures, by their reduced features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from core.progress import Progress, ignore_counts, raise_if_stopped

_SIMILAR = 10
# Distances of one block. Sorting takes four times as much.
_BLOCK_BYTES = 16 << 20
# Of a block, if there are few references.
_MAX_ROWS = 2048


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Nearest k references of n pictures, the nearest first."""

    # Euclidean, float32 (n, k).
    distances: np.ndarray
    # Of the references, int64 (n, k).
    rows: np.ndarray


def similar_rows(points: np.ndarray, progress: Progress) -> np.ndarray:
    """Find the ten most similar pictures of each: rows, int64 (n, 10), fewer if n is 10 or less.

    The time grows with the square of the number of pictures (1 s for 10,000, 25 s for 50,000),
    so the result is cached until pictures are added.

    Args:
        points: reduced features, float32 (n, D).
    Raises:
        JobStopped: the user stopped the work.
    """

    def report(done: int, total: int) -> None:
        progress.advance(done, total)
        raise_if_stopped(progress)

    return nearest_neighbours(points, points, _SIMILAR, own_rows=np.arange(len(points)), on_block=report).rows


@threadpool_limits.wrap(limits=1, user_api="blas")
def nearest_neighbours(
    points: np.ndarray,
    references: np.ndarray,
    count: int,
    *,
    own_rows: np.ndarray | None = None,
    on_block: Callable[[int, int], None] = ignore_counts,
) -> Neighbours:
    """Find the nearest references of each point, by comparison with all, block by block.

    Args:
        points: float32 (n, D).
        references: float32 (m, D).
        count: k; the result has fewer columns if there are fewer references.
        own_rows: each point's own row among the references, int (n,), or -1. It is not a neighbour.
        on_block: called with the number of finished points and of all; it can raise to end the search.
    """
    available = len(references) - (own_rows is not None and bool((own_rows >= 0).any()))
    count = max(0, min(count, available))
    distances = np.empty((len(points), count), np.float32)
    rows = np.empty((len(points), count), np.int64)
    if not count:
        return Neighbours(distances=distances, rows=rows)
    half_squares = np.square(references).sum(axis=1) / 2
    block = max(1, min(_MAX_ROWS, _BLOCK_BYTES // (4 * len(references))))
    for start in range(0, len(points), block):
        part = slice(start, min(start + block, len(points)))
        # |a - b|² / 2 without |a|² / 2, which is the same for all references
        closeness = half_squares - points[part] @ references.T
        if own_rows is not None:
            known = np.flatnonzero(own_rows[part] >= 0)
            closeness[known, own_rows[part][known]] = np.inf
        nearest = np.argpartition(closeness, count - 1, axis=1)[:, :count]
        order = np.take_along_axis(closeness, nearest, axis=1).argsort(axis=1, kind="stable")
        rows[part] = np.take_along_axis(nearest, order, axis=1)
        # Exact differences: the products above lose the digits that tell copies apart.
        differences = points[part][:, None] - references[rows[part]]
        distances[part] = np.sqrt(np.square(differences).sum(axis=2))
        on_block(part.stop, len(points))
    return Neighbours(distances=distances, rows=rows)
