"""Test of whether a slice has a lower accuracy than the rest, for pictures in groups.

Fisher's exact test (1935) on counts divided by the design effect (Rao and Scott 1992). The
design effect follows from one intraclass correlation of right answers, estimated on all test
pictures: within a slice there are often too few groups to estimate one. A normal
approximation would mark small slices by chance, because mistakes are rare.

The many p-values are adjusted by Benjamini and Hochberg (1995): of the slices that are marked,
about one in twenty is marked by chance. Where no slice differs, any is marked in at most 5% of
the cases. Holm's stricter method would miss real ones, and a marked slice only invites a look.

A slice of one group alone, such as one patient, is a claim about that patient and no other: given
the group, its pictures are independent draws. Only the rest counts by its groups.
"""

from __future__ import annotations

import numpy as np


def p_values_of_lower_accuracy(is_right: np.ndarray, members: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """One-sided p-value of each slice against the rest: float64 (slices,).

    It is 1 for a slice of none or all, and for pictures of a single group, which prove nothing.

    Args:
        is_right: bool (n,).
        members: bool (slices, n).
        groups: int64 (n,), equal for pictures that belong together; 0 to the largest, every number occurs.
    """
    from scipy import stats

    if groups.max(initial=0) == 0:
        return np.ones(len(members))
    sizes = members.sum(axis=1)
    wrong = (members & ~is_right).sum(axis=1)
    inside_by, outside_by = _design_effects(is_right, members, groups)
    rest, rest_wrong = len(is_right) - sizes, (~is_right).sum() - wrong
    # Rounded against the alarm, to whole pictures.
    inside, inside_wrong = np.round(sizes / inside_by), np.floor(wrong / inside_by)
    outside, outside_wrong = np.ceil(rest / outside_by), np.ceil(rest_wrong / outside_by)
    p_values: np.ndarray = stats.hypergeom.sf(
        inside_wrong - 1, inside + outside, inside_wrong + outside_wrong, inside
    )
    return np.where((sizes == 0) | (rest == 0), 1.0, p_values)


def adjusted_for_many(p_values: np.ndarray) -> np.ndarray:
    """Smallest false discovery rate at which each slice is marked (Benjamini and Hochberg 1995)."""
    from scipy import stats

    adjusted: np.ndarray = stats.false_discovery_control(p_values, method="bh")
    return adjusted


def intraclass_correlation(is_right: np.ndarray, groups: np.ndarray) -> float:
    """Correlation of right answers within groups, 0 to 1, from the products of all pairs.

    Args:
        groups: as in ``p_values_of_lower_accuracy``.
    """
    counts = np.bincount(groups)
    pairs = (counts * (counts - 1)).sum()
    variance = is_right.mean() * (1 - is_right.mean())
    if not pairs or not variance or len(counts) < 2:
        return 1.0 if len(counts) < 2 else 0.0
    residuals = is_right - is_right.mean()
    # A deviation is measured from a mean that the group itself has pulled.
    of_groups = len(counts) / (len(counts) - 1) * (np.bincount(groups, weights=residuals) ** 2).sum()
    return float(np.clip((of_groups - (residuals**2).sum()) / (pairs * variance), 0, 1))


def is_one_group(row: np.ndarray, groups: np.ndarray) -> bool:
    """True if all pictures of a slice, several, belong together, and there are others."""
    own = groups[row]
    return len(own) > 1 and bool((own == own[0]).all() and (groups != own[0]).any())


def _design_effects(
    is_right: np.ndarray, members: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Factors by which groups raise the variance on each slice and on its rest: float64 (slices,), at least 1.

    A group on both sides lowers it; that is not used.
    """
    counts = np.bincount(groups)
    if len(counts) == len(groups):
        return np.ones(len(members)), np.ones(len(members))
    correlation = intraclass_correlation(is_right, groups)
    few = _few(len(counts), len(groups))
    pairs = [
        (1.0, _effect_of_others(is_right, row, groups))
        if is_one_group(row, groups)
        else (max(1.0, 1 + correlation * (_clumping(row, groups, counts) - 1)) * few,) * 2
        for row in members
    ]
    inside, outside = np.array(pairs).T
    return inside, outside


def _few(groups: int, pictures: int) -> float:
    """Factor on a variance that is estimated from few groups: Student's t, squared."""
    from scipy import special

    return float(special.stdtrit(groups - 1, 0.975) / special.stdtrit(pictures - 1, 0.975)) ** 2


def _effect_of_others(is_right: np.ndarray, row: np.ndarray, groups: np.ndarray) -> float:
    """Design effect of the accuracy on all groups but that of a slice."""
    others = groups != groups[row][0]
    numbers = np.unique(groups[others], return_inverse=True)[1]
    counts = np.bincount(numbers)
    if len(counts) < 2:
        return float(len(numbers))
    correlation = intraclass_correlation(is_right[others], numbers)
    clumping = float((counts**2).sum() / counts.sum())
    return (1 + correlation * (clumping - 1)) * _few(len(counts), len(numbers))


def _clumping(row: np.ndarray, groups: np.ndarray, counts: np.ndarray) -> float:
    """Design effect of one difference if the answers of a group were all equal."""
    size, total = int(row.sum()), len(row)
    if size in (0, total):
        return 1.0
    inside = np.bincount(groups[row], minlength=len(counts))
    weights = inside / size - (counts - inside) / (total - size)
    return float((weights**2).sum() / (1 / size + 1 / (total - size)))
