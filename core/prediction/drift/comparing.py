"""Comparison of logged answers with those to the validation and test pictures of the same run.

Answers are compared with answers, not with true labels, so the classifier's own mistakes cancel
(black box shift detection, Lipton et al. 2018). A class: share of the pictures that are answered so, by
Fisher's exact test. Confidence, and distance of the features from the classes: two-sample Kolmogorov–Smirnov test, which of
the methods that Rabanser et al. (2019) compare needs the fewest pictures among those without
labels. Pictures of one group count as their effective number. All tests together are held to 5%
by Holm (1979): a project that looks every week should seldom be alarmed by chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy import stats

from core.evaluation.comparison.mcnemar import holm
from core.evaluation.metrics.intervals import Interval
from core.records import Record
from core.statistics import effective_count, wilson_interval

ALARM = 0.05


class Measure(StrEnum):
    """Code of a number that each answer has."""

    CONFIDENCE = "confidence"
    # Of the features from the classes.
    DISTANCE = "distance"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Answers to n pictures."""

    # bool (n, classes)
    predicted: np.ndarray
    # float (n,), by measure
    values: dict[Measure, np.ndarray]
    # (n,), equal for pictures that belong together
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.predicted)


@dataclass(frozen=True, kw_only=True)
class ShareChange(Record):
    """Change of the share of pictures that are answered with one class."""

    name: str
    before: float
    before_interval: Interval
    now: float
    now_interval: Interval
    # of ``now - before``
    interval: Interval
    # corrected for all tests
    p_value: float


@dataclass(frozen=True, kw_only=True)
class ValueChange(Record):
    """Change of the distribution of one number."""

    measure: Measure
    # means
    before: float
    now: float
    # of ``now - before``
    interval: Interval
    # corrected for all tests
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Drift(Record):
    """Difference between two samples of answers."""

    shares: tuple[ShareChange, ...]
    values: tuple[ValueChange, ...]

    @property
    def changed_shares(self) -> list[ShareChange]:
        """Classes whose share changed, the greatest change first."""
        changed = [share for share in self.shares if share.p_value < ALARM]
        return sorted(changed, key=lambda share: -abs(share.now - share.before))

    @property
    def changed_values(self) -> list[ValueChange]:
        return [value for value in self.values if value.p_value < ALARM]

    @property
    def is_proven(self) -> bool:
        return bool(self.changed_shares or self.changed_values)


def compare(before: Sample, now: Sample, class_names: Sequence[str]) -> Drift:
    """Test all classes and numbers for a change.

    Args:
        before, now: at least one picture each.
        class_names: of the columns of ``predicted``.
    """
    shares = [
        _share_change(name, _Proportion.of(before, index), _Proportion.of(now, index))
        for index, name in enumerate(class_names)
    ]
    values = [_value_change(before, now, measure) for measure in before.values if measure in now.values]
    adjusted = iter(holm([*(share.p_value for share in shares), *(value.p_value for value in values)]))
    return Drift(
        shares=tuple(replace(share, p_value=next(adjusted)) for share in shares),
        values=tuple(replace(value, p_value=next(adjusted)) for value in values),
    )


def ks_p_value(one: np.ndarray, other: np.ndarray, count: float, other_count: float) -> float:
    """P-value of the two-sample Kolmogorov–Smirnov test for effective numbers of pictures.

    By the limiting distribution with Stephens's correction (1970).

    Args:
        one, other: float, the values.
        count, other_count: numbers of independent values among them.
    """
    distance = float(stats.ks_2samp(one, other, method="asymp").statistic)
    root = math.sqrt(count * other_count / (count + other_count))
    return float(stats.kstwobign.sf((root + 0.12 + 0.11 / root) * distance))


def difference_interval(before: float, count: float, now: float, other_count: float) -> Interval:
    """95% interval of the difference of two proportions, ``now - before`` (Newcombe 1998, method 10)."""
    low, high = wilson_interval(before * count, count)
    low_now, high_now = wilson_interval(now * other_count, other_count)
    difference = now - before
    return (
        difference - math.hypot(now - low_now, high - before),
        difference + math.hypot(high_now - now, before - low),
    )


@dataclass(frozen=True, kw_only=True)
class _Proportion:
    """Share of pictures that are answered with a class, and their effective number."""

    share: float
    count: float

    @classmethod
    def of(cls, sample: Sample, index: int) -> _Proportion:
        column = sample.predicted[:, index]
        return cls(share=float(column.mean()), count=effective_count(column, sample.groups))

    @property
    def interval(self) -> Interval:
        return wilson_interval(self.share * self.count, self.count)

    @property
    def whole(self) -> tuple[int, int]:
        """Pictures with the answer and without it, as whole independent pictures."""
        count = max(1, math.floor(self.count))
        answered = round(self.share * count)
        return answered, count - answered


def _share_change(name: str, before: _Proportion, now: _Proportion) -> ShareChange:
    return ShareChange(
        name=name,
        before=before.share,
        before_interval=before.interval,
        now=now.share,
        now_interval=now.interval,
        interval=difference_interval(before.share, before.count, now.share, now.count),
        p_value=float(stats.fisher_exact([before.whole, now.whole]).pvalue),
    )


def _value_change(before: Sample, now: Sample, measure: Measure) -> ValueChange:
    one, other = before.values[measure], now.values[measure]
    count, other_count = effective_count(one, before.groups), effective_count(other, now.groups)
    # Welch's interval, by effective numbers.
    error = math.hypot(one.std() / math.sqrt(count), other.std() / math.sqrt(other_count))
    reach = error * float(stats.t.ppf(0.975, max(1.0, min(count, other_count) - 1)))
    difference = float(other.mean() - one.mean())
    return ValueChange(
        measure=measure,
        before=float(one.mean()),
        now=float(other.mean()),
        interval=(difference - reach, difference + reach),
        p_value=ks_p_value(one, other, count, other_count),
    )
