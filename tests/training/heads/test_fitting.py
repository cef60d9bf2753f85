"""The keeper of a head's epochs saves and shows now and then, not at each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models.head import HeadWeights
from core.progress import QuietProgress
from core.training.checkpoint import Checkpoints
from core.training.config import TrainingConfig
from core.training.curve import LearningCurve
from core.training.heads.fitting import HeadKeeper
from core.training.heads.linear import EpochScores

HEAD = HeadWeights(
    feature_mean=np.zeros(4, np.float32),
    feature_scale=np.ones(4, np.float32),
    layers=((np.ones((4, 2), np.float32), np.zeros(2, np.float32)),),
)


def scores(validation_loss: float) -> EpochScores:
    return EpochScores(
        loss=0.5,
        accuracy=0.9,
        validation_loss=validation_loss,
        validation_accuracy=1 - validation_loss,
        validation_macro_f1=0.8,
        validation_losses=np.zeros(1),
    )


def test_a_head_is_shown_once_a_second_where_nothing_gets_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To show it takes as long as an epoch; it was done at each once the best was a second old."""
    now = [100.0]
    monkeypatch.setattr("core.training.heads.fitting.time.monotonic", lambda: now[0])
    looks: list[float] = []
    progress = QuietProgress()
    keeper = HeadKeeper(
        LearningCurve(TrainingConfig(dataset_version=1), progress),
        Checkpoints(tmp_path),
        progress,
        on_look=lambda head: looks.append(now[0]),
    )
    for epoch in range(30):  # the first is the best, one every tenth of a second
        now[0] = 100 + epoch / 10
        keeper.add(scores(0.2 if epoch == 0 else 0.3), HEAD, {"l2": 1.0}, may_be_best=True)
    assert looks == pytest.approx([100.0, 101.1, 102.2])
