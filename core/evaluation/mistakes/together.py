"""Labels that are missed more often in pictures that show another label too, for several labels a picture.

Each label is compared with itself: how often is it missed where the other is shown, and where it
is not? The test takes groups into account, and the many pairs are corrected for, as for slices
(``slices.difference``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.slices.difference import adjusted_for_many, p_values_of_lower_accuracy

# With fewer pictures on either side, a difference is mostly chance.
_LEAST_PICTURES = 10
_RATE = 0.05  # false discovery rate


@dataclass(frozen=True, kw_only=True)
class MissedTogether:
    """A label that is missed more often beside another one."""

    missed: int  # class indices
    beside: int
    pictures: int  # that show both
    share: float  # fraction of them in which it is missed
    share_without: float  # the same of the pictures that show it without the other
    adjusted: float  # smallest false discovery rate at which the pair is listed


def missed_together(test: TestPredictions) -> list[MissedTogether]:
    """List the pairs whose difference is more than chance among many pairs gives, the surest first."""
    tested = [pair for missed in range(test.targets.shape[1]) for pair in _pairs(test, missed)]
    if not tested:
        return []
    rates = adjusted_for_many(np.array([pair.adjusted for pair in tested])).tolist()
    found = [replace(pair, adjusted=rate) for pair, rate in zip(tested, rates, strict=True) if rate <= _RATE]
    return sorted(found, key=lambda pair: pair.adjusted)


def _pairs(test: TestPredictions, missed: int) -> list[MissedTogether]:
    """Compare one label's pictures with and without each other label; ``adjusted`` is the p-value of one test."""
    shows = np.flatnonzero(test.targets[:, missed])
    both = test.targets[shows].sum(axis=0)
    large = (both >= _LEAST_PICTURES) & (len(shows) - both >= _LEAST_PICTURES)
    others = np.flatnonzero(large & (np.arange(len(both)) != missed))
    if not len(others):
        return []
    found, members = test.predicted[shows, missed], test.targets[shows][:, others].T
    groups = np.unique(test.group_indices[shows], return_inverse=True)[1]
    p_values = p_values_of_lower_accuracy(found, members, groups)
    return [
        MissedTogether(
            missed=missed,
            beside=int(other),
            pictures=int(inside.sum()),
            share=float((~found[inside]).mean()),
            share_without=float((~found[~inside]).mean()),
            adjusted=float(p_value),
        )
        for other, inside, p_value in zip(others, members, p_values, strict=True)
    ]
