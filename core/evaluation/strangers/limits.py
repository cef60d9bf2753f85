"""Limit of the stranger score, chosen on validation pictures (conformal outlier detection, Bates et al. 2023)."""

from __future__ import annotations

import math

import numpy as np

from core.evaluation.calibration.conformal import least_probability

# Fractions of known pictures that may be turned away.
SHARES = (0.01, 0.05, 0.1)
USUAL_SHARE = 0.05
_ROUNDING = 1e-9


def choose_limit(scores: np.ndarray, share: float, groups: np.ndarray) -> float:
    """Choose the score above which a picture is turned away.

    New pictures like the known ones are turned away at most with the frequency of ``share``, as
    long as there are enough of them; see ``reachable_share``.

    Args:
        scores: float (n,), of validation pictures.
        share: 0 to 1.
        groups: (n,), equal for pictures that belong together; a group counts as one picture.
    Returns:
        The largest score if there are too few pictures, infinity if there is none.
    """
    if not len(scores):
        return math.inf
    if share + _ROUNDING < reachable_share(groups):
        return float(scores.max())
    return -least_probability(-scores, 1 - share, groups)


def reachable_share(groups: np.ndarray) -> float:
    """Smallest fraction of turned away pictures that so many validation pictures can promise."""
    return 1 / (len(np.unique(groups)) + 1)


def likely_shares(share: float, groups: np.ndarray) -> tuple[float, float]:
    """95% interval of the fraction of new pictures that ``choose_limit`` turns away.

    ``share`` is its mean over many samples of validation pictures. For one sample of n, the fraction
    above the k-th largest score has a beta distribution with k and n + 1 - k (Vovk 2012).

    Args:
        groups: (n,), at least one.
    """
    from scipy import special

    count = len(np.unique(groups))
    rank = max(1, math.floor(share * (count + 1) + _ROUNDING))
    low, high = special.betaincinv(rank, count + 1 - rank, [0.025, 0.975])
    return float(low), float(high)
