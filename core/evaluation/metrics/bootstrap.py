"""Metrics on bootstrap resamples of the groups (Efron 1979; Field and Welsh 2007).

Pictures that belong together, such as a burst or a patient's, are drawn together, so that
a group counts as one observation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.metrics.statistics import Statistics, StatisticsSource

RESAMPLES = 2000
# Weightings in one product: the weights of 10,000 pictures then fit a processor's cache.
_BATCH = 128
_THREADS = 2


def resampled(
    source: StatisticsSource,
    function: Callable[[Statistics], np.ndarray],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> np.ndarray:
    """Compute values on bootstrap resamples of the groups.

    Args:
        function: from statistics to float (values, weightings).
    Returns:
        float64 (values, resamples).
    """
    return over_resamples(
        source.test, lambda weights: function(source.under(weights)), resamples=resamples, seed=seed
    )


def over_resamples(
    test: TestPredictions,
    function: Callable[[np.ndarray], np.ndarray],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> np.ndarray:
    """Compute values on bootstrap resamples of the pictures' groups.

    Args:
        function: from weights float32 (n, weightings), how often each picture was drawn, to float
            (values, weightings).
    Returns:
        float64 (values, resamples).
    """
    batches = resample_weights(test, resamples=resamples, seed=seed)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(_THREADS) as threads:
        return np.concatenate(list(threads.map(function, batches)), axis=1)


def resample_weights(test: TestPredictions, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Draw the groups with replacement: batches of float32 (n, weightings), how often each picture was drawn."""
    groups = test.group_indices
    for times in weights_of_groups(int(groups.max()) + 1, resamples=resamples, seed=seed):
        yield np.ascontiguousarray(times.T[groups])


def weights_of_groups(count: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Draw as many groups as there are, with replacement: batches of float32 (weightings, groups)."""
    random = np.random.default_rng(seed)
    for start in range(0, resamples, _BATCH):
        size = min(_BATCH, resamples - start)
        drawn = random.integers(0, count, (size, count)) + count * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        yield times.astype(np.float32)
