"""Answers for one class measured on test pictures: found, missed and wrongly added, with 95% intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluation.metrics.intervals import Interval, fraction_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class Fraction(Record):
    """A fraction of pictures with its 95% interval, 0 to 1."""

    value: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class ClassOutcome(Record):
    """Right and wrong answers for a class; a fraction of no picture is None."""

    found: int
    missed: int
    added: int  # pictures given the class that do not show it
    precision: Fraction | None
    recall: Fraction | None
    false_positive_rate: Fraction | None
    accuracy: Fraction  # fraction of the pictures whose whole answer is right


def class_outcome(test: TestPredictions, index: int) -> ClassOutcome:
    """Count the answers for a class, and measure its fractions with intervals by group."""
    shows, given, groups = test.targets[:, index], test.predicted[:, index], test.group_indices

    def among(chosen: np.ndarray, is_right: np.ndarray) -> Fraction | None:
        if not chosen.any():
            return None
        right = is_right[chosen]
        return Fraction(value=float(right.mean()), interval=fraction_interval(right, groups[chosen]))

    exact = test.exact_matches
    return ClassOutcome(
        found=int((shows & given).sum()),
        missed=int((shows & ~given).sum()),
        added=int((given & ~shows).sum()),
        precision=among(given, shows),
        recall=among(shows, given),
        false_positive_rate=among(~shows, given),
        accuracy=Fraction(value=float(exact.mean()), interval=fraction_interval(exact, groups)),
    )


def changed_answers(before: TestPredictions, after: TestPredictions) -> np.ndarray:
    """Pictures whose answer differs, those that become right first: int64 (changed,)."""
    changed = np.flatnonzero((before.predicted != after.predicted).any(axis=1))
    becomes_right = after.exact_matches[changed]
    becomes_wrong = before.exact_matches[changed]
    return changed[np.argsort(becomes_wrong.astype(int) - becomes_right.astype(int), kind="stable")]
