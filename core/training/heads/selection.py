"""Selection of the linear head by the one-standard-error rule (Breiman et al. 1984).

A head on globally pooled features has a quarter of the weights of one on 2 x 2 pooled
features. On few validation pictures a lower loss is often chance, so the richer head
must win by more than the standard error of the paired difference. Pictures that belong
together, such as a burst, count as one.
"""

from __future__ import annotations

import math

import numpy as np

from core.statistics import effective_count
from core.training.heads.linear import EpochScores


class HeadSelection:
    """Decides which epochs may be the best, of heads fitted from the simplest to the richest."""

    def __init__(self, groups: np.ndarray | None = None) -> None:
        """Begin without a head.

        Args:
            groups: (n,) of the validation pictures, equal for those that belong together; None: each is its own.
        """
        self._groups = groups
        self._best: EpochScores | None = None  # of the simpler heads
        self._best_here: EpochScores | None = None  # of this head

    def begin(self) -> None:
        """Start the next, richer head."""
        if self._best_here is not None and self.may_be_best(self._best_here):
            self._best = self._best_here
        self._best_here = None

    def may_be_best(self, scores: EpochScores) -> bool:
        """Return True if no simpler head is preferred to this epoch."""
        if self._best_here is None or scores.validation_loss < self._best_here.validation_loss:
            self._best_here = scores
        return self._best is None or is_clearly_lower(
            scores.validation_losses, self._best.validation_losses, self._groups
        )


def is_clearly_lower(losses: np.ndarray, than: np.ndarray, groups: np.ndarray | None = None) -> bool:
    """Return True if losses are lower by more than one standard error of the paired difference.

    Args:
        losses, than: float (n,), of the same n pictures in the same order.
        groups: (n,), equal for pictures that belong together; None: each is its own.
    """
    gains = than.astype(np.float64) - losses
    count = len(gains) if groups is None or not len(gains) else effective_count(gains, groups)
    if count < 2:
        return False
    return bool(gains.mean() > gains.std(ddof=1) / math.sqrt(count))
