"""The nearest neighbours of pictures among others, by their reduced features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from core.progress import Progress, ignore_counts, raise_if_stopped

_LOOK_ALIKES = 10
_BLOCK_BYTES = 16 << 20  # of distances held at a time; sorting them takes four times as much
_MOST_ROWS = 2048  # in a block, where there are few references


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """For n pictures, k references each, the nearest first."""

    distances: np.ndarray  # float32 (n, k), Euclidean
    rows: np.ndarray  # int64 (n, k), in the references


def look_alikes(points: np.ndarray, progress: Progress) -> np.ndarray:
    """For every picture the rows of the ten that look most like it: int64 (n, 10), or fewer where n is 10 or less.

    Grouping and suggesting build on them. The time grows with the square of the
    number of pictures (1 s for 10,000, 25 s for 50,000), so they are worth keeping
    until pictures are added.

    Args:
        points: reduced features, float32 (n, D).
    Raises:
        JobStopped: the user asked to stop.
    """

    def report(done: int, total: int) -> None:
        progress.advance(done, total)
        raise_if_stopped(progress)

    return nearest_neighbours(
        points, points, _LOOK_ALIKES, own_rows=np.arange(len(points)), on_block=report
    ).rows


@threadpool_limits.wrap(limits=1, user_api="blas")
def nearest_neighbours(
    points: np.ndarray,
    references: np.ndarray,
    count: int,
    *,
    own_rows: np.ndarray | None = None,
    on_block: Callable[[int, int], None] = ignore_counts,
) -> Neighbours:
    """Exact, by comparing with every reference, block by block.

    Args:
        points: float32 (n, D).
        references: float32 (m, D).
        count: k; fewer come back where there are fewer references.
        own_rows: int (n,), where each point stands among the references itself, or -1:
            no picture is its own neighbour.
        on_block: is told how many points are done and of how many; what it raises ends the search.
    """
    available = len(references) - (own_rows is not None and bool((own_rows >= 0).any()))
    count = max(0, min(count, available))
    distances = np.empty((len(points), count), np.float32)
    rows = np.empty((len(points), count), np.int64)
    if not count:
        return Neighbours(distances=distances, rows=rows)
    half_squares = np.square(references).sum(axis=1) / 2
    block = max(1, min(_MOST_ROWS, _BLOCK_BYTES // (4 * len(references))))
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
