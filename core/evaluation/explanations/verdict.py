"""Verdict on a heatmap: whether it may be believed.

Two tests. *Faithfulness*: hiding and showing its hottest parts must change the answer more than
for random maps of the same smoothness: than for all of the first 39, or else for all but three of
99. Chance achieves that in 4.3% of the cases: it is among the best four of 100 in 4%, and the best
of 40 without being so in 0.3%. A single test of 19 maps has nearly the same level (5%), but fails
a third of the maps that beat 98% of all random ones. *Sensitivity to the classifier*: with a shuffled head, and with
shuffled weights in every layer, the map must become another one (Adebayo et al. 2018, arXiv
1810.03292); a map that stays shows the picture, not the classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from core.evaluation.explanations.network import ExplainedClassifier, Heatmap
from core.evaluation.explanations.perturbation import PASSES_OF_CURVES, Curves, curves_of, random_maps
from core.progress import ignore_counts
from core.records import Record

# A map that this many random ones equal or beat cannot pass, but so many are always compared.
_LEAST_MAPS = 19
FIRST_LOOK, LAST_LOOK = 39, 99
_MOST_RIVALS = 3
# Random maps between two decisions to go on.
_BLOCK = 20
HEAD_SHUFFLES, WEIGHT_SHUFFLES = 10, 3
# Mean rank correlation with the maps of shuffled classifiers. That of single independent maps of
# 7 × 7 cells varies between about -0.6 and 0.6, so means are compared.
MOST_SIMILARITY = 0.5


class Trust(StrEnum):
    """Verdict on a heatmap."""

    TRUSTED = "trusted"
    UNCLEAR = "unclear"
    NOT_TRUSTED = "not_trusted"


class Ground(StrEnum):
    """Ground of a verdict."""

    PASSED = "passed"
    NO_SUPPORT = "no_support"  # nothing in the picture speaks for the class
    SHUFFLED_HEAD_ALIKE = "shuffled_head_alike"
    SHUFFLED_WEIGHTS_ALIKE = "shuffled_weights_alike"
    WORSE_THAN_RANDOM = "worse_than_random"
    NOT_BETTER_THAN_RANDOM = "not_better_than_random"


TRUST_OF = {
    Ground.PASSED: Trust.TRUSTED,
    Ground.NO_SUPPORT: Trust.UNCLEAR,
    Ground.NOT_BETTER_THAN_RANDOM: Trust.UNCLEAR,
    Ground.SHUFFLED_HEAD_ALIKE: Trust.NOT_TRUSTED,
    Ground.SHUFFLED_WEIGHTS_ALIKE: Trust.NOT_TRUSTED,
    Ground.WORSE_THAN_RANDOM: Trust.NOT_TRUSTED,
}


@dataclass(frozen=True, kw_only=True)
class Verdict(Record):
    """Result of both tests of a heatmap, with the curves of the first."""

    ground: Ground
    # random maps that it beats
    beaten: int
    # of those that were compared
    random_maps: int = 19
    # Rank correlations with the maps of shuffled classifiers, -1 to 1.
    head_similarity: float
    weights_similarity: float
    # Probability of the class at each of FRACTIONS of the picture, hidden or shown.
    deletion: tuple[float, ...]
    insertion: tuple[float, ...]
    # Means over the random maps.
    random_deletion: tuple[float, ...]
    random_insertion: tuple[float, ...]

    @property
    def trust(self) -> Trust:
        return TRUST_OF[self.ground]


def judge(
    network: ExplainedClassifier,
    picture: np.ndarray,
    heatmap: Heatmap,
    on_pass: Callable[[int, int], None] = ignore_counts,
) -> Verdict:
    """Test a heatmap of a picture uint8 RGB (S, S, 3).

    Args:
        on_pass: called with the forward passes that are done, and those of a test that takes the
            longest; it can raise to end the work.
    """
    index, counted = heatmap.class_index, network.counted(_summed(on_pass, _most_passes(network)))
    under_heads = counted.maps_under_shuffled_heads(picture, index, range(HEAD_SHUFFLES))
    head_similarity = _similarity(heatmap, under_heads)
    others = (counted.with_shuffled_weights(seed) for seed in range(WEIGHT_SHUFFLES))
    weights_similarity = _similarity(heatmap, (other.heatmap(picture, index).values for other in others))
    own, rivals = _compared(
        picture, heatmap.values, lambda pictures: counted.probabilities(pictures)[:, index]
    )
    comparison = Comparison.of(own.score, [other.score for other in rivals])
    return Verdict(
        ground=_ground(heatmap, comparison, head_similarity, weights_similarity),
        beaten=comparison.beaten,
        random_maps=comparison.compared,
        head_similarity=head_similarity,
        weights_similarity=weights_similarity,
        deletion=_rounded(own.deletion),
        insertion=_rounded(own.insertion),
        random_deletion=_rounded(np.mean([other.deletion for other in rivals], axis=0)),
        random_insertion=_rounded(np.mean([other.insertion for other in rivals], axis=0)),
    )


def _most_passes(network: ExplainedClassifier) -> int:
    """Forward passes of a verdict that takes the longest: of shuffled classifiers, its map, random maps."""
    shuffled = network.passes_under_shuffled_heads(HEAD_SHUFFLES) + WEIGHT_SHUFFLES * network.passes
    blocks = 1 + (LAST_LOOK - _LEAST_MAPS) // _BLOCK
    return shuffled + (1 + LAST_LOOK) * PASSES_OF_CURVES + 2 * blocks


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A map's score against those of random maps."""

    compared: int
    beaten: int  # random maps with a lower score
    better: int  # random maps with a higher one

    @classmethod
    def of(cls, score: float, rivals: Sequence[float]) -> Comparison:
        return cls(
            compared=len(rivals),
            beaten=sum(score > other for other in rivals),
            better=sum(score < other for other in rivals),
        )

    @property
    def passes(self) -> bool:
        """True if chance is ruled out: p = 0.043 over both looks."""
        rivals = self.compared - self.beaten
        return (
            rivals <= _MOST_RIVALS
            if self.compared == LAST_LOOK
            else self.compared >= FIRST_LOOK and not rivals
        )

    @property
    def is_decided(self) -> bool:
        """True if more random maps cannot change the result."""
        too_many = self.compared - self.beaten > _MOST_RIVALS and self.compared >= _LEAST_MAPS
        return too_many or self.compared == LAST_LOOK or self.passes

    @property
    def is_worse(self) -> bool:
        """True for a map that more than half of the random ones beat."""
        return self.better > self.compared / 2


def _compared(
    picture: np.ndarray,
    values: np.ndarray,
    probabilities: Callable[[np.ndarray], np.ndarray],
) -> tuple[Curves, list[Curves]]:
    """Measure the curves of a map, and of as many random ones as decide."""
    maps = random_maps(values, LAST_LOOK, seed=0)
    own, *rivals = curves_of(picture, [values, *maps[:_LEAST_MAPS]], probabilities)
    while not Comparison.of(own.score, [other.score for other in rivals]).is_decided:
        rivals += curves_of(picture, maps[len(rivals) : len(rivals) + _BLOCK], probabilities)
    return own, rivals


def _summed(on_pass: Callable[[int, int], None], total: int) -> Callable[[int], None]:
    """Add up the passes of all tests."""
    done = 0

    def add(passes: int) -> None:
        nonlocal done
        done += passes
        on_pass(done, total)

    return add


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation of two maps of one shape; 0 if one of them is flat or not finite."""
    ranks = np.stack([pd.Series(values.ravel()).rank().to_numpy() for values in (one, other)])
    if not (np.isfinite(ranks).all() and (np.ptp(ranks, axis=1) > 0).all()):
        return 0.0
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1)
    return float(centred[0] @ centred[1] / lengths.prod())


def _similarity(heatmap: Heatmap, maps: Iterable[np.ndarray]) -> float:
    return float(np.mean([rank_correlation(heatmap.values, values) for values in maps]))


def _ground(
    heatmap: Heatmap, comparison: Comparison, head_similarity: float, weights_similarity: float
) -> Ground:
    if not (heatmap.values > 0).any():
        return Ground.NO_SUPPORT
    if head_similarity > MOST_SIMILARITY:
        return Ground.SHUFFLED_HEAD_ALIKE
    if weights_similarity > MOST_SIMILARITY:
        return Ground.SHUFFLED_WEIGHTS_ALIKE
    if comparison.passes:
        return Ground.PASSED
    return Ground.WORSE_THAN_RANDOM if comparison.is_worse else Ground.NOT_BETTER_THAN_RANDOM


def _rounded(curve: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in curve)
