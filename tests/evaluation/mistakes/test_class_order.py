"""Order of classes by similarity."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from core.evaluation.mistakes.class_order import similarity_order


def test_confused_classes_stand_together() -> None:
    """0 is confused with 3, 1 with 4; 2 with none."""
    counts = np.diag([9, 9, 9, 9, 9])
    counts[0, 3], counts[4, 1] = 4, 2
    assert similarity_order(counts).tolist() == [0, 3, 1, 4, 2]


def test_a_chain_of_confusions_is_laid_out_in_a_row() -> None:
    """2 – 0 – 3 – 1: each is confused with its neighbours alone."""
    counts = np.diag([50, 50, 50, 50])
    for one, other, times in ((2, 0, 9), (0, 3, 6), (3, 1, 8)):
        counts[one, other] = times
    order = similarity_order(counts).tolist()
    assert order in ([2, 0, 3, 1], [1, 3, 0, 2])


def test_a_large_class_does_not_attract_all_others() -> None:
    """Class 1 loses 5 of 10 pictures to class 2; 20 of 1,000 of class 0 are taken for it too."""
    counts = np.array([[980, 0, 20, 0], [0, 5, 5, 0], [0, 0, 10, 0], [0, 0, 0, 10]])
    order = similarity_order(counts).tolist()
    assert abs(order.index(1) - order.index(2)) == 1


def test_without_mistakes_classes_keep_their_order() -> None:
    assert similarity_order(np.diag([3, 2, 0, 5])).tolist() == [0, 1, 2, 3]
    assert similarity_order(np.zeros((1, 1), np.int64)).tolist() == [0]


def test_clusters_are_those_of_average_linkage() -> None:
    """Against SciPy: cut into groups, each group of a random matrix is one stretch of the order."""
    generator = np.random.default_rng(3)
    blocks = np.arange(40) % 8
    rates = np.where(blocks[:, None] == blocks[None, :], 4.0, 0.05)
    counts = generator.poisson(rates) + np.diag(np.full(40, 30))
    shares = counts / counts.sum(axis=1, keepdims=True)
    similarity = (shares + shares.T) / 2
    np.fill_diagonal(similarity, 1.0)
    tree = linkage(squareform(1 - similarity, checks=False), "average")
    order = similarity_order(counts)
    assert sorted(order.tolist()) == list(range(40))
    for groups in (8, 5, 3):
        labels = fcluster(tree, groups, "maxclust")[order]
        assert np.count_nonzero(np.diff(labels)) == groups - 1
