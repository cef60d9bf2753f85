"""Growing shares of the training pictures: whole groups, every class in proportion."""

from __future__ import annotations

import numpy as np


def nested_subsets(
    targets: np.ndarray, groups: np.ndarray, shares: tuple[float, ...], *, seed: int
) -> list[np.ndarray]:
    """Draw a subset for each share; a larger one holds the smaller ones.

    Groups are stratified by the rarest class that any of their pictures shows. Each class
    has at least one group in every subset.

    Args:
        targets: float32 (n, classes), above 0.5 where a picture shows the class.
        groups: int64 (n,), equal for pictures that belong together.
        shares: of the groups, ascending, above 0 to 1.
    Returns:
        int64 indices of each subset, ascending.
    """
    group_of = np.unique(groups, return_inverse=True)[1]
    strata = _rarest_classes(targets > 0.5, group_of)
    order = np.random.default_rng(seed).permutation(len(strata))
    order = order[np.argsort(strata[order], kind="stable")]
    _, first, counts = np.unique(strata[order], return_index=True, return_counts=True)
    rank, size = np.empty(len(strata), np.int64), np.empty(len(strata), np.int64)
    rank[order] = np.arange(len(strata)) - first.repeat(counts)
    size[order] = counts.repeat(counts)
    return [np.flatnonzero((rank < np.maximum(1, np.round(share * size)))[group_of]) for share in shares]


def _rarest_classes(shows: np.ndarray, group_of: np.ndarray) -> np.ndarray:
    """Rarest class of each group, int64; the number of classes for a group that shows none."""
    counts = shows.sum(axis=0)
    rarity = np.empty(len(counts), np.int64)  # 0 for the rarest class
    rarity[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    of_picture = np.where(shows, rarity, len(counts)).min(axis=1)
    rarest = np.full(int(group_of.max()) + 1, len(counts))
    np.minimum.at(rarest, group_of, of_picture)
    return rarest
