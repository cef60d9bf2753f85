"""Learning rate schedules as pure functions of the step and the number of plateaus."""

from __future__ import annotations

import math

from core.training.config import OptimizerConfig, Schedule

PLATEAU_FACTOR = 0.3
_MIN_FRACTION = 0.01  # of the highest rate, at which cosine and plateau end


def learning_rate_at(config: OptimizerConfig, highest: float, step: int, steps: int, plateaus: int) -> float:
    """Return the learning rate of one step.

    Args:
        highest: the rate after warm-up.
        step: from 0 to ``steps`` - 1.
        plateaus: number of times that validation stopped improving.
    """
    warm_up = int(config.warmup_fraction * steps)
    if step < warm_up:
        return highest * (step + 1) / (warm_up + 1)
    if config.schedule is Schedule.COSINE:
        done = (step - warm_up) / max(1, steps - warm_up)
        return highest * (
            _MIN_FRACTION + (1 - _MIN_FRACTION) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        )
    if config.schedule is Schedule.PLATEAU:
        return highest * max(_MIN_FRACTION, PLATEAU_FACTOR**plateaus)
    return highest
