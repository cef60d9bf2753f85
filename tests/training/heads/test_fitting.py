"""Linear epochs are saved and shown at most once a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.labels.task import Task
from core.models.head import HeadWeights
from core.progress import QuietProgress
from core.training.checkpoint import Checkpoints
from core.training.config import TrainingConfig
from core.training.curve import LearningCurve
from core.training.heads.fitting import HeadRecorder, fit_linear_heads
from core.training.heads.linear import EpochScores
from core.training.live import LiveView
from tests.training.heads.test_cross_validation import data_of

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


def test_cross_validation_is_said_after_a_single_epoch(tmp_path: Path) -> None:
    """It goes to the first of two heads."""
    progress, settings = QuietProgress(), TrainingConfig(dataset_version=1, epochs=1)
    curve = LearningCurve(settings, progress)
    recorder = HeadRecorder(curve, Checkpoints(tmp_path), progress, Looks([0.0]))
    data = replace(data_of(18, 6), is_reduced=False)
    fit_linear_heads(data, settings, Task.MULTI_CLASS, recorder, curve, epochs=1, check=lambda: None)
    assert curve.epoch == 1
    assert [note.template.split(",")[0] for note in curve.notes] == ["There are few pictures"]
