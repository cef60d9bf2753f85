"""Simulated predictions of trials with a given accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.data.labels.task import Task
from core.search.trials.predictions import Predictions

TASK = Task.MULTI_CLASS


def truth(pictures: int) -> np.ndarray:
    """Alternating targets float32 (n, 2)."""
    return np.eye(2, dtype=np.float32)[np.arange(pictures) % 2]


def predictions(right: np.ndarray, losses: Sequence[float] | np.ndarray | None = None) -> Predictions:
    """Predictions of one trial that is correct for these pictures, bool (n,)."""
    predicted = (np.arange(len(right)) % 2 ^ ~right).astype(np.uint8)
    given = np.where(right, 0.25, 2.0) if losses is None else np.asarray(losses)
    return Predictions(task=TASK, classes=2, predicted=predicted, losses=given.astype(np.float32))


def luck(
    rng: np.random.Generator, shares: Sequence[float], pictures: int, common: float = 0.7
) -> list[Predictions]:
    """Trials with these true accuracies.

    Args:
        common: correlation between trials, as some pictures are hard for all of them.
    """
    hardness = rng.standard_normal(pictures)
    own = rng.standard_normal((len(shares), pictures))
    skill = np.sqrt(common) * hardness + np.sqrt(1 - common) * own
    # quantiles of the normal distribution
    sample = np.sort(np.random.default_rng(0).standard_normal(200_001))
    limits = sample[(np.asarray(shares) * 200_000).astype(int)]
    return [predictions(row < limit) for row, limit in zip(skill, limits, strict=True)]
