"""A run that resumes with smaller batches changes its weights as it would have with whole ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.training.backends import current_backend
from core.training.batches import Batch, split_batch
from core.training.checkpoint import Checkpoints
from core.training.config import OptimizerConfig
from core.training.phases import Phase
from core.training.records import CurveState, ResumePoint
from tests.training.networks.test_compiling import SETTINGS, model_of


def compiled(parts: int) -> Any:
    settings = replace(SETTINGS, optimizer=OptimizerConfig(learning_rate=0.05))
    model = model_of(settings, average=True, micro_batches=parts)
    model.optimizer.build(model.trainable_variables)
    current_backend().build_metrics(model, np.zeros((1, 3), np.float32), np.eye(3, dtype=np.float32)[:1])
    return model


def train(model: Any, parts: int, batches: range) -> np.ndarray:
    step = current_backend().training_step(model)
    for seed in batches:
        generator = np.random.default_rng(seed)
        batch = Batch(
            inputs=generator.normal(size=(6, 3)).astype(np.float32),
            targets=np.eye(3, dtype=np.float32)[generator.integers(3, size=6)],
            weights=np.ones(6, np.float32),
        )
        for part in split_batch(batch, parts):
            step(part.inputs, part.targets, part.weights)
    return np.array(model.trainable_variables[0])


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 3), (1, 1)])
def test_a_batch_is_never_cut_in_two_by_a_resume(tmp_path: Path, before: int, after: int) -> None:
    """Memory can run out after any number of batches."""
    expected = train(compiled(1), 1, range(5))
    first, checkpoints = compiled(before), Checkpoints(tmp_path)
    train(first, before, range(3))
    point = ResumePoint(
        phase=Phase.LAST_BLOCKS,
        phase_epoch=0,
        phase_epochs=1,
        step=3,
        seconds=0.0,
        micro_batches=before,
        curve=CurveState(),
    )
    checkpoints.save(point, first)
    second = compiled(after)
    checkpoints.restore(second, after)
    np.testing.assert_allclose(train(second, after, range(3, 5)), expected, atol=2e-6)
