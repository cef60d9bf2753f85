"""Grouping of similar pictures, so that a whole group can be labelled at once.

Groups are patches of the map, not of the features: there, neighbours share a class
more often (on the digits 93 instead of 90 of 100), and a group is in one place when
the user looks at the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

_USUAL_SIZE = 25  # pictures in a group: enough to be worth a click, few enough to see at a glance
_MOST = 60
_MOST_ITERATIONS = 30


@dataclass(frozen=True, kw_only=True)
class LookGroup:
    """Pictures that look alike."""

    rows: np.ndarray  # int64 (size,), the most typical first
    coherence: float  # 0 to 1: how many of its pictures' look-alikes are in it, too


def group_by_look(
    points: np.ndarray, places: np.ndarray, alike: np.ndarray, *, seed: int = 0
) -> list[LookGroup]:
    """Assign every picture to a group of at most 60, the most coherent groups first.

    A coherent group lies apart from all others, so that it seldom mixes classes.

    Args:
        points: reduced features, float32 (n, D).
        places: on the map, float32 (n, 2).
        alike: their ``look_alikes``, int64 (n, k).
    """
    patches = _patches(places, seed)
    group_of = np.empty(len(points), np.int64)
    for number, rows in enumerate(patches):
        group_of[rows] = number
    stays = (group_of[alike] == group_of[:, None]).mean(axis=1) if alike.size else np.ones(len(points))
    groups = [
        LookGroup(rows=_most_typical_first(points, rows), coherence=float(stays[rows].mean()))
        for rows in patches
    ]
    return sorted(groups, key=lambda group: -group.coherence)


def _patches(places: np.ndarray, seed: int) -> list[np.ndarray]:
    from sklearn.cluster import KMeans  # 1 s to import, and before its threads are limited

    waiting, patches = [np.arange(len(places))], []
    with threadpool_limits(limits=1):  # several threads would add in an order of their own
        while waiting:
            rows = waiting.pop()
            if len(rows) <= _MOST:
                patches.append(rows)
                continue
            parts = round(len(rows) / _USUAL_SIZE)
            means = KMeans(parts, n_init=1, max_iter=_MOST_ITERATIONS, random_state=seed)
            # All in one place: there is nothing to tell them apart by.
            together = not np.ptp(places[rows], axis=0).any()
            part_of = np.arange(len(rows)) % parts if together else means.fit_predict(places[rows])
            waiting += [rows[part_of == part] for part in np.unique(part_of)]
    return [rows for rows in patches if len(rows)]


def _most_typical_first(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from_mean = np.linalg.norm(points[rows] - points[rows].mean(axis=0), axis=1)
    ordered: np.ndarray = rows[np.argsort(from_mean, kind="stable")]
    return ordered
