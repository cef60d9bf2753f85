"""Class activation mapping: the contribution of each cell of the last feature map to a class.

A linear head on average-pooled features is a sum over the cells of the map, so these maps are
exact (CAM, Zhou et al. 2016, arXiv 1512.04150). The same holds for 2 × 2 pooling, cell by cell,
and for maximum pooling, where a feature's contribution belongs to the cell of its maximum.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from core.models.head import FloatArray, HeadWeights, MapPooling


def pool(feature_maps: np.ndarray, pooling: MapPooling) -> FloatArray:
    """Pool feature maps float32 (B, H, W, F) as the network does: (B, GRID_CELLS * F), or (B, F) for "max"."""
    if pooling == "max":
        maximum: FloatArray = feature_maps.max(axis=(1, 2))
        return maximum
    means = [
        feature_maps[:, rows, columns].mean(axis=(1, 2))
        for rows, columns in _grid_cells(feature_maps.shape[1])
    ]
    return np.concatenate(means, axis=1)


def class_activation_maps(
    feature_maps: np.ndarray, head: HeadWeights, pooling: MapPooling, classes: np.ndarray
) -> FloatArray:
    """Contributions of the cells to the logits of classes, float32 (B, H, W).

    A map sums to the logit without its bias, for features measured from the mean that the head
    standardises with. Softmax sees only differences of logits, so there the logit is measured
    from the mean over all classes.

    Args:
        feature_maps: float32 (B, H, W, F).
        head: a linear one.
        classes: int (B,), the class to explain for each picture.
    """
    kernel, mean = _kernel(head)[:, classes].T, head.feature_mean
    if pooling == "max":
        return _of_maxima(feature_maps, kernel, mean)
    maps = np.zeros(feature_maps.shape[:3], np.float32)
    features = feature_maps.shape[3]
    for cell, (rows, columns) in enumerate(_grid_cells(feature_maps.shape[1])):
        own = slice(cell * features, (cell + 1) * features)
        part = feature_maps[:, rows, columns]
        scores = np.einsum("bhwf,bf->bhw", part, kernel[:, own])
        scores -= (kernel[:, own] @ mean[own])[:, None, None]
        maps[:, rows, columns] += scores / (part.shape[1] * part.shape[2])
    return maps


def _kernel(head: HeadWeights) -> np.ndarray:
    """Weights of the features as they are, not standardised: (F, classes)."""
    ((kernel, _),) = head.layers
    if head.activation == "softmax":
        kernel = kernel - kernel.mean(axis=1, keepdims=True)
    weights: np.ndarray = kernel / head.feature_scale[:, None]
    return weights


def _of_maxima(feature_maps: np.ndarray, kernel: np.ndarray, mean: np.ndarray) -> FloatArray:
    count, height, width, features = feature_maps.shape
    cells = feature_maps.reshape(count, height * width, features)
    best = cells.argmax(axis=1)  # (B, F)
    maps = np.zeros((count, height * width), np.float32)
    np.add.at(maps, (np.arange(count)[:, None], best), kernel * (cells.max(axis=1) - mean))
    return maps.reshape(count, height, width)


def _grid_cells(side: int) -> list[tuple[slice, slice]]:
    """Rows and columns of the 2 × 2 cells of a map, in the order of the features; see ``pool_map``."""
    length, step = -(-side // 2), side // 2
    return [
        (slice(top, top + length), slice(left, left + length)) for top, left in product((0, step), repeat=2)
    ]
