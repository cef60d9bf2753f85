"""Order of the pictures to label: those first that would teach the classifier most.

Unsure pictures: greedy core-set selection (Sener and Savarese 2018) among the gradients that each
picture would send to the last layer if its answer were right (BADGE, Ash et al. 2020). A gradient
is the outer product of the doubt about the classes and the features; it is long where the answer
is unsure, and points elsewhere for another doubt or another kind of picture. So the first pictures
are unsure *and* unlike each other: of twenty shots of one scene, one comes early. Ash et al. draw
at random (k-means++) where this takes the farthest, because the order should not change between
two looks; outliers, for which the farthest is known to fall, are strangers and asked about apart.

Strange pictures: the most typical of them first (TypiClust, Hacohen et al. 2022). A new class has
many pictures that resemble each other; a spoilt shot is alone.
"""

from __future__ import annotations

import numpy as np

# Hacohen et al. 2022
_NEIGHBOURS = 20
_TINY = 1e-9


def most_informative_first(gradients: np.ndarray, similarities: np.ndarray) -> np.ndarray:
    """Order unsure pictures: int64 (n,).

    Args:
        gradients: float (n, classes), of the loss by the logits.
        similarities: float (n, n), cosines of the features, 1 on the diagonal.
    """
    products = (gradients @ gradients.T) * similarities
    lengths = np.diagonal(products).copy()
    # The origin is the first centre: what the classifier is sure of lies there.
    distances, order = lengths.copy(), []
    is_left = np.ones(len(lengths), bool)
    while is_left.any():
        # Where the rest is as near as can be, the less sure comes first.
        chosen = int(np.lexsort((-lengths, -distances.round(9), ~is_left))[0])
        order.append(chosen)
        is_left[chosen] = False
        distances = np.minimum(distances, lengths + lengths[chosen] - 2 * products[chosen])
    return np.array(order, np.int64)


def most_typical_first(similarities: np.ndarray) -> np.ndarray:
    """Order strange pictures: int64 (n,), by the mean distance to the nearest others.

    Args:
        similarities: float (n, n), cosines of the features, 1 on the diagonal.
    """
    count = len(similarities)
    if count < 2:
        return np.arange(count)
    distances = np.sqrt(np.maximum(2 - 2 * similarities, 0))
    np.fill_diagonal(distances, np.inf)
    nearest = np.sort(distances, axis=1)[:, : min(_NEIGHBOURS, count - 1)]
    return np.argsort(nearest.mean(axis=1), kind="stable")


def cosines(features: np.ndarray, spaces: np.ndarray) -> np.ndarray:
    """Cosine of each pair of pictures: float32 (n, n); 0 between features of different networks.

    Args:
        features: float32 (n, F); rows of shorter features are filled with 0.
        spaces: (n,), equal for features of the same network.
    """
    lengths = np.maximum(np.linalg.norm(features, axis=1, keepdims=True), _TINY)
    unit = features / lengths
    same: np.ndarray = np.where(spaces[:, None] == spaces[None, :], unit @ unit.T, 0)
    # Pictures without features are like themselves alone.
    np.fill_diagonal(same, 1)
    return same
