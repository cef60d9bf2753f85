"""Guess of a preprocessing that the export does not state: the one with the best accuracy on validation pictures.

Test pictures take no part, so the guess does not flatter the score. Few models take blue first, so
that order is chosen only where it is better beyond chance. Candidates whose paired difference from
the chosen one may be chance are named beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

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


_Scored: TypeAlias = tuple[Preprocessing, Score]


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
    for likely in dict.fromkeys((_best(scored)[0], max(scored, key=_rank)[0])):
        cropped = replace(likely, fitting=Fitting.CROP)
        scored.append((cropped, judge(cropped)))
    best, score = _best(scored)
    return Guess(
        preprocessing=best,
        pictures=len(groups),
        accuracy=score.accuracy,
        alternatives=tuple(
            Alternative(preprocessing=item, accuracy=other.accuracy)
            for item, other in sorted(scored, key=_rank, reverse=True)
            if item != best and change_interval(score.right - other.right, groups)[0] <= 0
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


def _best(scored: Sequence[_Scored]) -> _Scored:
    """Take the best candidate; one that takes blue first only where it is better beyond chance."""
    best = max(scored, key=_rank)
    usual = [item for item in scored if item[0].order is not ChannelOrder.BGR]
    if best[0].order is not ChannelOrder.BGR:
        return best
    likely = max(usual, key=_rank)
    change = best[1].right - likely[1].right
    # Pictures of one group are witnesses of their own here: the order is the same for all.
    return best if change_interval(change, np.arange(len(change)))[0] > 0 else likely


def _rank(scored: _Scored) -> tuple[float, float]:
    _, score = scored
    return score.accuracy, score.likelihood
