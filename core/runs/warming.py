"""Warm worker for the next training: started by the page on which one is begun."""

from __future__ import annotations

from core.jobs.kinds import JobKind
from core.jobs.warm import keep_warm_worker
from core.training.config import TrainingConfig
from core.training.recipes import phases_of

# Of a worker that has imported what a training needs.
_READY_BYTES = 720 << 20


def suits_warm_worker(config: TrainingConfig) -> bool:
    """True for a training that a warm worker can take.

    False where a network is trained: TensorFlow reads at its import with which kernels.
    """
    return not phases_of(config)


def warm_up_for(config: TrainingConfig) -> int | None:
    """Let a worker get ready for a training, or wait on for it.

    Returns:
        The memory that it takes once it is ready, in bytes; None if no worker waits.
    """
    memory = keep_warm_worker(JobKind.TRAIN, config.to_json()) if suits_warm_worker(config) else None
    return None if memory is None else max(memory, _READY_BYTES)
