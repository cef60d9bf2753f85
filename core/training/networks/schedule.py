"""The learning rate at each step, from nothing but the step's number and what validation said."""

from __future__ import annotations

import math

from core.training.config import OptimizerConfig, Schedule

PLATEAU_FACTOR = 0.3
_LEAST_SHARE = 0.01  # of the highest rate, that a cosine and a plateau go down to


def learning_rate_at(config: OptimizerConfig, highest: float, step: int, steps: int, plateaus: int) -> float:
    """The learning rate of one step.

    Args:
        highest: the rate after warm-up.
        step: from 0 to ``steps`` - 1.
        plateaus: how often validation has stopped getting better.
    """
    warm_up = int(config.warmup_fraction * steps)
    if step < warm_up:
        return highest * (step + 1) / (warm_up + 1)
    if config.schedule is Schedule.COSINE:
        done = (step - warm_up) / max(1, steps - warm_up)
        return highest * (_LEAST_SHARE + (1 - _LEAST_SHARE) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))
    if config.schedule is Schedule.PLATEAU:
        return highest * max(_LEAST_SHARE, PLATEAU_FACTOR**plateaus)
    return highest
