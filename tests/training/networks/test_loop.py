"""Training loop: an epoch that diverged is never delivered."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from core.errors import TrainingError
from core.training.config import Monitor, Recipe, TrainingConfig
from core.training.job import train
from core.training.live import delivered_predictions
from core.training.networks import loop
from core.training.scores import score_logits
from core.workspace import Project
from tests.support.kill_resume import Disk, directory_of

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


def test_a_run_whose_first_epoch_diverges_fails(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_epoch(monkeypatch, 1)
    directory = directory_of(digits_project, "run-diverged")
    with pytest.raises(TrainingError, match="Nothing was learnt"):
        train(directory, SCRATCH.to_json(), Disk(directory))
