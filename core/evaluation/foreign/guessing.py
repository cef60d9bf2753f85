"""Guess of a preprocessing that the export does not state: the one with the best accuracy on validation pictures.

Test pictures take no part, so the guess does not flatter the score. Candidates whose paired
difference from the best one may be chance are named beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.evaluation.comparison.differences import change_interval
from core.evaluation.foreign.facts import Alternative, ChannelOrder, Fitting, InputFacts, Preprocessing
from core.evaluation.foreign.preprocessing import possible_scales, scaled

# Enough to tell right from wrong preprocessing, which differ by tens of points.
PICTURES = 64


@dataclass(frozen=True, kw_only=True)
class Score:
    """Success of one candidate; the second value decides between equal accuracies."""

    # float (n,): share of the labels of each picture that is right
    right: np.ndarray
    # Negative mean log loss.
    likelihood: float

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())


@dataclass(frozen=True, kw_only=True)
class Guess:
    """Chosen preprocessing, its accuracy on so many pictures, and others that may be as good."""

    preprocessing: Preprocessing
    pictures: int = 0
    accuracy: float = 0.0
    # The best first.
    alternatives: tuple[Alternative, ...] = ()


def guess(facts: InputFacts, judge: Callable[[Preprocessing], Score], groups: np.ndarray) -> Guess:
    """Try every scale with both channel orders, then a centre crop with the best of them.

    Args:
        groups: (n,), of the pictures; equal for those that belong together.
    """
    scored = [(item, judge(item)) for item in candidates(facts)]
    cropped = replace(max(scored, key=_rank)[0], fitting=Fitting.CROP)
    (best, score), *others = sorted([*scored, (cropped, judge(cropped))], key=_rank, reverse=True)
    return Guess(
        preprocessing=best,
        pictures=len(groups),
        accuracy=score.accuracy,
        alternatives=tuple(
            Alternative(preprocessing=item, accuracy=other.accuracy)
            for item, other in others
            if change_interval(score.right - other.right, groups)[0] <= 0
        ),
    )


def candidates(facts: InputFacts) -> Iterator[Preprocessing]:
    """List the preprocessings to try, the most usual first: of equal ones, it is taken."""
    orders = (ChannelOrder.GREY,) if facts.channels == 1 else (ChannelOrder.RGB, ChannelOrder.BGR)
    for order in orders:
        for scale in possible_scales(facts):
            yield scaled(scale, order)


def sample_rows(rows: np.ndarray, seed: int = 0) -> np.ndarray:
    """Draw the pictures to guess on: int64, at most ``PICTURES``, in order."""
    drawn: np.ndarray = np.random.default_rng(seed).permutation(rows)[:PICTURES]
    return np.sort(drawn)


def _rank(scored: tuple[Preprocessing, Score]) -> tuple[float, float]:
    _, score = scored
    return score.accuracy, score.likelihood
