"""Real features that cost nothing: the pixels of scanned digits, quarter by quarter."""

from __future__ import annotations

from functools import cache

import numpy as np

from core.doctor.features.reduction import reduced_features
from core.progress import QuietProgress
from tests.support.pictures import digit_scans


@cache
def digit_labels() -> np.ndarray:
    """int64 (1797,)"""
    from sklearn.datasets import load_digits

    return load_digits().target.astype(np.int64)


@cache
def digit_features() -> np.ndarray:
    """float32 (1797, 64), laid out as a backbone's: the four quarters of a picture one after the other."""
    ink = (255 - digit_scans().astype(np.float32)) / 255
    quarters = ink.reshape(-1, 2, 4, 2, 4).transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(quarters.reshape(len(ink), -1))


@cache
def digit_points() -> np.ndarray:
    """Their reduced features, float32 (1797, 64)."""
    return reduced_features(digit_features(), QuietProgress())


def flipped(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which so many are changed to another class at random, and the rows of those."""
    random = np.random.default_rng(seed)
    rows = random.choice(len(labels), round(share * len(labels)), replace=False)
    wrong = labels.copy()
    classes = int(labels.max()) + 1
    wrong[rows] = (wrong[rows] + random.integers(1, classes, len(rows))) % classes
    return wrong, rows
