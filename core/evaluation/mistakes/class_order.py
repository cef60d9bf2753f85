"""Order of classes in which those that are confused with each other stand together.

Classes are merged by average linkage. Each merge turns both clusters so that the ends that meet
are the most similar ones (Gruvaeus and Wainer 1972). SciPy does the same with an optimal order,
but takes 1 s to import, which a page should not wait for.
"""

from __future__ import annotations

import numpy as np


def similarity_order(counts: np.ndarray) -> np.ndarray:
    """Order the classes of a confusion matrix: int64 (classes,).

    The similarity of two classes is the mean of the fractions of each that were taken for the other,
    so that large classes do not attract all others. Classes that are confused with none keep their order.

    Args:
        counts: int64 (classes, classes).
    """
    count = len(counts)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    similarity = (shares + shares.T) / 2
    np.fill_diagonal(similarity, 0.0)
    between = similarity.copy()
    np.fill_diagonal(between, -1.0)
    clusters = {number: [number] for number in range(count)}
    for _ in range(count - 1):
        first, second = divmod(int(between.argmax()), count)
        first, second = min(first, second), max(first, second)
        sizes = len(clusters[first]), len(clusters[second])
        mean = (sizes[0] * between[first] + sizes[1] * between[second]) / sum(sizes)
        clusters[first] = _joined(clusters[first], clusters.pop(second), similarity)
        # merged clusters and the cluster itself stay out of reach
        mean[between[first] < 0] = -1.0
        between[first], between[:, first] = mean, mean
        between[second], between[:, second] = -1.0, -1.0
    return np.array([number for cluster in clusters.values() for number in cluster], np.int64)


def _joined(one: list[int], other: list[int], similarity: np.ndarray) -> list[int]:
    """Join two ordered clusters by the most similar of their ends; by the given order if none is."""
    candidates = [(one, other), (one, other[::-1]), (one[::-1], other), (one[::-1], other[::-1])]
    left, right = max(candidates, key=lambda pair: similarity[pair[0][-1], pair[1][0]])
    return [*left, *right]
