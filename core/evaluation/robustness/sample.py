"""Stratified sample of the test pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def stratified_sample(labels: Sequence[str], count: int, seed: int) -> np.ndarray:
    """Draw pictures such that every label has its share, rounded up or down (systematic sampling, Madow 1949).

    Args:
        labels: of all pictures; a text of several labels is a stratum of its own.
        count: number of pictures to draw; all if there are no more.
    Returns:
        positions in ``labels``, rising: int64 (min(count, len(labels)),).
    """
    total = len(labels)
    if count >= total:
        return np.arange(total)
    random = np.random.default_rng(seed)
    strata = np.unique(np.asarray(labels, np.str_), return_inverse=True)[1]
    by_label = np.lexsort((random.random(total), strata))
    chosen = ((np.arange(count) + random.random()) * total / count).astype(np.int64)
    return np.sort(by_label[chosen])
