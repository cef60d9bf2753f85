"""Training loop: an epoch that diverged is never delivered."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.data.labels.task import Task
from core.errors import TrainingError
from core.progress import QuietProgress
from core.training.checkpoint import Checkpoints
from core.training.config import Monitor, Recipe, TrainingConfig
from core.training.curve import LearningCurve
from core.training.job import train
from core.training.live import delivered_predictions
from core.training.networks import loop
from core.training.phases import Phase
from core.training.records import CurveState, ResumePoint
from core.training.scores import score_logits
from core.workspace import Project
from tests.support.kill_resume import Disk, directory_of
from tests.training.test_checkpoint import compiled

SCRATCH = TrainingConfig(
    dataset_version=1,
    backbone="small_cnn",
    recipe=Recipe.SCRATCH,
    picture_size=48,
    batch_size=8,
    epochs=3,
    monitor=Monitor.ACCURACY,
)


def break_epoch(monkeypatch: pytest.MonkeyPatch, broken: int) -> None:
    """Let the validation loss of one epoch be NaN while its accuracy is the highest."""
    score, epochs = score_logits, []

    def scores(*arguments: Any) -> Any:
        epochs.append(score(*arguments))
        return replace(epochs[-1], loss=math.nan, accuracy=1.0) if len(epochs) == broken else epochs[-1]

    monkeypatch.setattr(loop, "score_logits", scores)


def test_an_epoch_with_a_nan_loss_is_not_the_best(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights were not written: the run would show an epoch that it does not deliver."""
    break_epoch(monkeypatch, 2)
    directory = directory_of(digits_project, "run-diverged")
    summary = train(directory, SCRATCH.to_json(), Disk(directory))["training"]
    assert (summary["epochs"], summary["best"]["epoch"]) == (2, 1)
    delivered = delivered_predictions(directory)
    assert delivered is not None
    assert delivered.epoch == 1
    assert len(summary["notes"]) == 1


def test_a_run_that_lacked_memory_delivers_the_best_epoch_of_its_checkpoint(tmp_path: Path) -> None:
    """The second epoch comes again, and may not be the best this time."""
    checkpoints, curve = Checkpoints(tmp_path), LearningCurve(SCRATCH, QuietProgress())
    point = ResumePoint(
        phase=Phase.SCRATCH,
        phase_epoch=1,
        phase_epochs=3,
        step=0,
        seconds=0.0,
        micro_batches=1,
        curve=CurveState(epoch=1, best_name="00001"),
        best_name="00001",
    )
    checkpoints.write_best("00001", lambda folder: None)
    checkpoints.save(point, compiled(1))
    checkpoints.write_best("00002", lambda folder: None)
    context = loop.TrainingContext(
        settings=SCRATCH,
        task=Task.MULTI_CLASS,
        curve=curve,
        checkpoints=checkpoints,
        progress=QuietProgress(),
        on_epoch=lambda logits: None,
    )
    assert loop._last_resume_point(context) == point
    assert checkpoints.best_folder() == tmp_path / "checkpoints" / "best-00001"


def test_a_run_whose_first_epoch_diverges_fails(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_epoch(monkeypatch, 1)
    directory = directory_of(digits_project, "run-diverged")
    with pytest.raises(TrainingError, match="Nothing was learnt"):
        train(directory, SCRATCH.to_json(), Disk(directory))
