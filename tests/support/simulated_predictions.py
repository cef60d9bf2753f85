"""Trials that answer as a test wants them to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.data.labels.task import Task
from core.search.trials.predictions import Answers

TASK = Task.MULTI_CLASS


def truth(pictures: int) -> np.ndarray:
    """Targets float32 (n, 2) that take turns."""
    return np.eye(2, dtype=np.float32)[np.arange(pictures) % 2]


def answers(right: np.ndarray, losses: Sequence[float] | np.ndarray | None = None) -> Answers:
    """Of one trial that is right about these pictures, bool (n,)."""
    says = (np.arange(len(right)) % 2 ^ ~right).astype(np.uint8)
    given = np.where(right, 0.25, 2.0) if losses is None else np.asarray(losses)
    return Answers(task=TASK, classes=2, says=says, losses=given.astype(np.float32))


def luck(
    rng: np.random.Generator, shares: Sequence[float], pictures: int, common: float = 0.7
) -> list[Answers]:
    """Trials that are truly right in these shares of all pictures that there are.

    Some pictures are hard for every trial: ``common`` is how much their answers have in common.
    """
    hardness = rng.standard_normal(pictures)
    own = rng.standard_normal((len(shares), pictures))
    skill = np.sqrt(common) * hardness + np.sqrt(1 - common) * own
    # so many standard deviations are surpassed in that share
    sample = np.sort(np.random.default_rng(0).standard_normal(200_001))
    limits = sample[(np.asarray(shares) * 200_000).astype(int)]
    return [answers(row < limit) for row, limit in zip(skill, limits, strict=True)]
