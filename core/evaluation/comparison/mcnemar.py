"""Test of two classifiers on the same pictures (McNemar 1947), for single and grouped pictures.

The statistic is fixed minus newly broken pictures. If both classifiers are equally good, the
answers of a group may as well be exchanged, so its net change has either sign. The p-value is
exact over all signs, as mid-p: for single pictures that of Fagerland et al. (2013); for groups
the exact distribution of Obuchowski's statistic (1998), whose variance is the same sum of squares.
A group, such as a burst or a patient's pictures, thus counts as one observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.messages import N_, Message
from core.records import Record

SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class PairedTest(Record):
    """Test of the hypothesis that two classifiers are equally often right, whatever metric leads."""

    # wrong for the first and right for the second classifier
    fixed: int
    # right for the first and wrong for the second
    broken: int
    p_value: float
    # comparisons with the same reference: p-values are corrected for them (Holm 1979)
    comparisons: int = 1

    @property
    def is_significant(self) -> bool:
        """True if a difference like this is hardly chance."""
        return self.p_value < SIGNIFICANT

    @property
    def sentence(self) -> Message:
        """The p-value in words."""
        if not (self.fixed or self.broken):
            return Message(N_("Both are right on the same pictures and wrong on the same pictures."))
        often, of = _frequency(self.p_value)
        values = {"often": often, "of": of, "p": f"{self.p_value:.2g}"}
        if self.p_value < _RAREST:
            return Message(_RARELY, values)
        return Message(_HARDLY_CHANCE if self.is_significant else _MAY_BE_CHANCE, values)


_RAREST = 0.001
_RARELY = N_(
    "Over all pictures, the difference in right answers is hardly chance: two equally good classifiers would differ this much in fewer than 1 of 1,000 such tests (McNemar's test, p = {p})."
)
_HARDLY_CHANCE = N_(
    "Over all pictures, the difference in right answers is hardly chance: two equally good classifiers would differ this much in about {often} of {of} such tests (McNemar's test, p = {p})."
)
_MAY_BE_CHANCE = N_(
    "Over all pictures, the difference in right answers may be chance: two equally good classifiers would differ this much in about {often} of {of} such tests (McNemar's test, p = {p})."
)


def mcnemar_test(first_right: np.ndarray, second_right: np.ndarray, groups: np.ndarray) -> PairedTest:
    """Test whether two classifiers are equally often right on the same pictures.

    Args:
        first_right, second_right: bool (n,).
        groups: int64 (n,) from 0, equal for pictures that belong together.
    """
    change = second_right.astype(np.int64) - first_right
    net = np.rint(np.bincount(groups, weights=change)).astype(np.int64)
    return PairedTest(
        fixed=int((change > 0).sum()), broken=int((change < 0).sum()), p_value=sign_flip_p_value(net)
    )


def sign_flip_p_value(net: np.ndarray) -> float:
    """Exact two-sided mid-p of a sum whose terms have either sign with the same probability.

    Args:
        net: int64 (groups,), the terms.
    """
    from scipy import stats

    sizes, counts = np.unique(np.abs(net[net != 0]), return_counts=True)
    if not len(sizes):
        return 1.0
    distribution = np.ones(1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        # Terms of one size: their sum is binomial.
        sums = np.zeros(2 * size * count + 1)
        sums[:: 2 * size] = stats.binom.pmf(np.arange(count + 1), count, 0.5)
        distribution = np.convolve(distribution, sums)
    largest = len(distribution) // 2
    sums, seen = np.abs(np.arange(-largest, largest + 1)), abs(int(net.sum()))
    return float(min(1.0, distribution[sums > seen].sum() + distribution[sums == seen].sum() / 2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for several comparisons (Holm 1979), in the order given."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1, np.maximum.accumulate(np.asarray(p_values, float)[order] * factors))
    return [float(value) for value in corrected]


def _frequency(p_value: float) -> tuple[int, str]:
    """A probability as a natural frequency: how often, of how many."""
    if p_value >= 0.01:
        return round(100 * p_value), "100"
    return max(1, round(1000 * p_value)), "1,000"
