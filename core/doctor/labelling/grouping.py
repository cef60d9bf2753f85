"""Grouping of similar pictures, so that a whole group can be labelled at once.

Groups are patches of the map, not of the features: neighbours on the map share a class more
often (93 instead of 90 of 100 on the digits), and users see each group in one area of the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

# Pictures of a group that can be checked at a glance.
_USUAL_SIZE = 25
_MAX_SIZE = 60
_MAX_ITERATIONS = 30


@dataclass(frozen=True, kw_only=True)
class SimilarGroup:
    """Group of similar pictures."""

    # int64 (size,), the most typical first.
    rows: np.ndarray
    # 0 to 1: share of its pictures' neighbours that are in the group.
    coherence: float


def group_similar(
    points: np.ndarray, coordinates: np.ndarray, neighbours: np.ndarray, *, seed: int = 0
) -> list[SimilarGroup]:
    """Assign every picture to a group of at most 60, the most coherent groups first.

    A coherent group is far from all others, so it rarely mixes classes.

    Args:
        points: reduced features, float32 (n, D).
        coordinates: on the map, float32 (n, 2).
        neighbours: their ``similar_rows``, int64 (n, k).
    """
    patches = _patches(coordinates, seed)
    group_of = np.empty(len(points), np.int64)
    for number, rows in enumerate(patches):
        group_of[rows] = number
    stays = (
        (group_of[neighbours] == group_of[:, None]).mean(axis=1) if neighbours.size else np.ones(len(points))
    )
    groups = [
        SimilarGroup(rows=_most_typical_first(points, rows), coherence=float(stays[rows].mean()))
        for rows in patches
    ]
    return sorted(groups, key=lambda group: -group.coherence)


def _patches(coordinates: np.ndarray, seed: int) -> list[np.ndarray]:
    # Takes 1 s to import. It must be imported before its threads are limited.
    from sklearn.cluster import KMeans

    waiting, patches = [np.arange(len(coordinates))], []
    # Several threads would sum in varying order.
    with threadpool_limits(limits=1):
        while waiting:
            rows = waiting.pop()
            if len(rows) <= _MAX_SIZE:
                patches.append(rows)
                continue
            parts = round(len(rows) / _USUAL_SIZE)
            means = KMeans(parts, n_init=1, max_iter=_MAX_ITERATIONS, random_state=seed)
            # Pictures with equal coordinates cannot be clustered.
            is_one_point = not np.ptp(coordinates[rows], axis=0).any()
            part_of = np.arange(len(rows)) % parts if is_one_point else means.fit_predict(coordinates[rows])
            waiting += [rows[part_of == part] for part in np.unique(part_of)]
    return [rows for rows in patches if len(rows)]


def _most_typical_first(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from_mean = np.linalg.norm(points[rows] - points[rows].mean(axis=0), axis=1)
    ordered: np.ndarray = rows[np.argsort(from_mean, kind="stable")]
    return ordered
