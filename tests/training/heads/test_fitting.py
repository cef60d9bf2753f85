"""Linear epochs are saved and shown at most once a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models.head import HeadWeights
from core.progress import QuietProgress
from core.training.checkpoint import Checkpoints
from core.training.config import TrainingConfig
from core.training.curve import LearningCurve
from core.training.heads.fitting import HeadRecorder
from core.training.heads.linear import EpochScores
from core.training.live import LiveView

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
        validation_logits=np.zeros((1, 2), np.float32),
    )


class Looks(LiveView):
    """Live view that records when it was shown."""

    def __init__(self, now: list[float]) -> None:
        self._now, self.times = now, list[float]()

    def show(self, logits: np.ndarray) -> None:
        self.times.append(self._now[0])

    def write_predictions(self, folder: Path, logits: np.ndarray, epoch: int) -> None: ...


def test_a_head_is_shown_once_a_second_where_nothing_gets_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Showing a head takes as long as an epoch. Once it was done at each epoch after the first second."""
    now = [100.0]
    monkeypatch.setattr("core.training.heads.fitting.time.monotonic", lambda: now[0])
    looks = Looks(now)
    progress = QuietProgress()
    recorder = HeadRecorder(
        LearningCurve(TrainingConfig(dataset_version=1), progress),
        Checkpoints(tmp_path),
        progress,
        looks,
    )
    for epoch in range(30):  # the first is the best, one every tenth of a second
        now[0] = 100 + epoch / 10
        recorder.add(scores(0.2 if epoch == 0 else 0.3), HEAD, 1.0, may_be_best=True)
    assert looks.times == pytest.approx([100.0, 101.1, 102.2])
