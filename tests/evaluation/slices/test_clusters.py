"""Clusters of features: by direction, a number for each picture."""

from __future__ import annotations

import numpy as np

from core.evaluation.slices.clusters import cluster_features


def test_directions_are_found_whatever_their_length() -> None:
    """Three directions with 50, 40 and 30 pictures: at 30 pictures a cluster, four clusters are drawn."""
    random = np.random.default_rng(0)
    direction = np.repeat([0, 1, 2], [50, 40, 30])
    features = np.eye(8, dtype=np.float32)[direction] + 0.01 * random.normal(size=(120, 8))
    features *= random.uniform(1, 50, (120, 1))
    numbers = cluster_features(features.astype(np.float32))
    assert all(len(set(direction[numbers == number].tolist())) == 1 for number in set(numbers.tolist()))
    counts = np.bincount(numbers)
    assert counts.tolist() == sorted(counts.tolist(), reverse=True)
    assert counts.min() > 0
    np.testing.assert_array_equal(cluster_features(features.astype(np.float32)), numbers)


def test_few_pictures_are_one_cluster() -> None:
    np.testing.assert_array_equal(cluster_features(np.ones((59, 4), np.float32)), np.zeros(59))


def test_equal_and_empty_features_can_be_clustered() -> None:
    assert len(cluster_features(np.zeros((90, 4), np.float32))) == 90


def test_pictures_without_numbers_are_clustered_too() -> None:
    features = np.random.default_rng(0).random((90, 4)).astype(np.float32)
    features[:3] = np.nan
    assert len(cluster_features(features)) == 90
