"""Which linear head is kept: the simpler one, unless validation speaks clearly for the richer.

A head on the mean of a picture's quarters has a quarter of the weights of one on the
quarters themselves. On few validation pictures the lower loss of one of them is often
chance, so the richer head must win by more than the standard error of the paired
difference (the one-standard-error rule, Breiman et al. 1984).
"""

from __future__ import annotations

import math

import numpy as np

from core.training.heads.linear import EpochScores


class HeadChoice:
    """Judges the epochs of heads that are tried one after the other, the simplest first."""

    def __init__(self) -> None:
        self._best: EpochScores | None = None  # of the heads before this one
        self._best_here: EpochScores | None = None  # of this one

    def begin(self) -> None:
        """The epochs of the next head follow."""
        if self._best_here is not None and self.may_be_best(self._best_here):
            self._best = self._best_here
        self._best_here = None

    def may_be_best(self, scores: EpochScores) -> bool:
        """Whether this epoch is no worse a choice than the best of the simpler heads."""
        if self._best_here is None or scores.validation_loss < self._best_here.validation_loss:
            self._best_here = scores
        return self._best is None or is_clearly_lower(scores.validation_losses, self._best.validation_losses)


def is_clearly_lower(losses: np.ndarray, than: np.ndarray) -> bool:
    """Whether losses of the same pictures are lower by more than one standard error of the difference.

    Args:
        losses, than: float (n,), of the same n pictures in the same order.
    """
    gains = than.astype(np.float64) - losses
    if len(gains) < 2:
        return False
    return bool(gains.mean() > gains.std(ddof=1) / math.sqrt(len(gains)))
