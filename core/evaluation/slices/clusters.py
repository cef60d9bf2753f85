"""Clusters of similar pictures: spherical k-means on features (Dhillon and Modha 2001)."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.cluster.vq import kmeans2
from threadpoolctl import threadpool_limits

# So that most clusters have enough pictures to be ranked.
_PICTURES_A_CLUSTER = 30
_MOST_CLUSTERS = 20
_ITERATIONS = 20


def cluster_features(features: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Number the cluster of each picture, int64 (n,), the largest cluster first.

    There is one cluster for 30 pictures, at most 20. All are 0 where there are too few for two.

    Args:
        features: float32 (n, F).
    """
    clusters = min(_MOST_CLUSTERS, len(features) // _PICTURES_A_CLUSTER)
    if clusters < 2:
        return np.zeros(len(features), np.int64)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    # Pictures for which the network computes no numbers are alike.
    directions = np.nan_to_num(features / np.maximum(lengths, np.finfo(np.float32).tiny))
    # Several threads would sum in varying order.
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings(action="ignore"):
        # Equal pictures leave clusters empty, which is fine: SciPy warns.
        _, numbers = kmeans2(directions, clusters, iter=_ITERATIONS, minit="++", missing="warn", seed=seed)
    present, numbers, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    rank = np.empty(len(present), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(present))
    ordered: np.ndarray = rank[numbers]
    return ordered
