"""Resolution of a test set: the differences in accuracy that its size can show."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.evaluation.metrics.intervals import Interval
from core.statistics import effective_count, wilson_interval

# Half of the widest interval with which a test set is large enough.
WANTED_HALF_WIDTH = 0.05


@dataclass(frozen=True, kw_only=True)
class TestResolution:
    """Smallest visible difference, and the number of test pictures for intervals of ± 5 points."""

    __test__ = False  # pytest takes it for a test case by its name

    pictures: int
    difference: float  # 0 to 1: half of the 95% interval
    wanted_pictures: int  # of the same kind, groups included
    holds_baseline: bool  # the interval holds the accuracy of always giving the most common answer

    @property
    def is_too_small(self) -> bool:
        return self.difference > WANTED_HALF_WIDTH

    @property
    def about_wanted(self) -> int:
        """``wanted_pictures`` for people: rounded up to two significant digits."""
        unit = 10 ** max(0, len(str(self.wanted_pictures)) - 2)
        return math.ceil(self.wanted_pictures / unit) * unit


def resolution_of(
    is_right: np.ndarray, groups: np.ndarray, interval: Interval, baseline: float
) -> TestResolution:
    """Compute the resolution from the effective number of pictures.

    Args:
        is_right: bool (n,); none where all test pictures were erased since.
        groups: (n,), equal for pictures that belong together.
        interval: 95%, of the accuracy.
        baseline: accuracy of always giving the most common answer.
    """
    count = len(is_right)
    # Of no picture nothing is known: as many are wanted as for the least certain accuracy.
    fraction = float(is_right.mean()) if count else 0.5
    pictures_an_observation = count / max(1.0, effective_count(is_right, groups)) if count else 1.0
    return TestResolution(
        pictures=count,
        difference=(interval[1] - interval[0]) / 2,
        wanted_pictures=math.ceil(_wanted_observations(fraction) * pictures_an_observation),
        holds_baseline=interval[0] <= baseline,
    )


def _wanted_observations(fraction: float) -> int:
    """Independent pictures from which on Wilson's interval is narrow enough; 381 at an accuracy of 50%."""
    count = 1
    while np.diff(wilson_interval(fraction * count, count))[0] > 2 * WANTED_HALF_WIDTH:
        count += 1
    return count
