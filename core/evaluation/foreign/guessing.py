"""Guess of a preprocessing that the export does not state: the one with the best accuracy on validation pictures.

Test pictures take no part, so the guess does not flatter the score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.evaluation.foreign.facts import ChannelOrder, Fitting, InputFacts, Preprocessing
from core.evaluation.foreign.preprocessing import possible_scales, scaled

# Enough to tell right from wrong preprocessing, which differ by tens of points.
PICTURES = 64


@dataclass(frozen=True, kw_only=True)
class Score:
    """Success of one candidate; the second value decides between equal accuracies."""

    accuracy: float
    # Negative mean log loss.
    likelihood: float


@dataclass(frozen=True, kw_only=True)
class Guess:
    """Chosen preprocessing, and its score."""

    preprocessing: Preprocessing
    score: Score


def guess(facts: InputFacts, judge: Callable[[Preprocessing], Score]) -> Guess:
    """Try every scale with both channel orders, then a centre crop with the best of them."""
    guesses = [Guess(preprocessing=item, score=judge(item)) for item in candidates(facts)]
    best = max(guesses, key=_rank)
    cropped = replace(best.preprocessing, fitting=Fitting.CROP)
    return max((best, Guess(preprocessing=cropped, score=judge(cropped))), key=_rank)


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


def _rank(item: Guess) -> tuple[float, float]:
    return item.score.accuracy, item.score.likelihood
