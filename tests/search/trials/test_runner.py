"""Trial runner: the epochs next to the best one, and each is scored once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.labels.task import Task
from core.progress import QuietProgress
from core.search.config import Scoring, SearchConfig
from core.search.trials.runner import TrialRunner
from core.training.config import Monitor, TrainingConfig
from core.training.heads import cross_validation
from core.training.heads.held_out import held_out_logits
from core.training.leading_metric import LeadingMetric
from core.training.scores import score_logits
from core.workspace import Project

TARGETS = np.eye(2, dtype=np.float32)[[0, 1, 0, 1]]


def logits_of(*right: float) -> np.ndarray:
    """Logits float32 (4, 2) whose margin for the true class is this in each picture."""
    return (TARGETS * 2 - 1) * np.array(right, np.float32)[:, None] / 2


BEST = logits_of(5, 5, 5, 5)
GOOD = logits_of(2, 2, 2, 2)
POOR = logits_of(-1, 1, 1, 1)
DIVERGED = np.full((4, 2), np.nan, np.float32)


def next_best(monitor: Monitor, *epochs: np.ndarray) -> list[Any]:
    stand_in: Any = SimpleNamespace(dataset=SimpleNamespace(task=Task.MULTI_CLASS))
    leading = LeadingMetric() if monitor is Monitor.LEADING else None
    settings = TrainingConfig(dataset_version=1, monitor=monitor, leading_metric=leading)
    return TrialRunner._next_best(stand_in, epochs, BEST, settings, TARGETS)


@pytest.mark.parametrize("monitor", Monitor)
def test_other_epochs_are_ranked_by_the_monitored_metric(monitor: Monitor) -> None:
    first, second = next_best(monitor, POOR, BEST, GOOD)
    np.testing.assert_allclose(first.losses, np.log1p(np.exp(-2.0)), rtol=1e-3)
    assert second.predicted.tolist() == [1, 1, 0, 1]


def test_an_epoch_that_diverged_is_left_out() -> None:
    """NaN sorts anywhere, and has no predictions."""
    assert len(next_best(Monitor.ACCURACY, DIVERGED, POOR, DIVERGED, GOOD)) == 2


def test_each_epoch_is_scored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    score, scored = score_logits, []

    def counted(logits: np.ndarray, *others: Any) -> Any:
        scored.append(logits)
        return score(logits, *others)

    monkeypatch.setattr("core.search.trials.runner.score_logits", counted)
    monkeypatch.setattr("core.search.trials.predictions.score_logits", counted)
    assert len(next_best(Monitor.LOSS, POOR, GOOD)) == 2
    assert len(scored) == 2


@pytest.mark.parametrize("scoring", [Scoring.AUTO, Scoring.VALIDATION])
def test_a_trial_that_cross_validates_by_itself_is_scored_by_its_own_folds(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch, scoring: Scoring
) -> None:
    """Its head has learnt from every picture that it is scored on; it is not trained again for each fold."""
    monkeypatch.setattr(cross_validation, "CROSS_VALIDATED_PER_CLASS", 100)
    dataset = open_dataset(digits_project)
    config = SearchConfig(base=TrainingConfig(dataset_version=1), trials=1, scoring=scoring)
    runner = TrialRunner(dataset=dataset, config=config, progress=QuietProgress())
    monkeypatch.setattr(runner, "_out_of_fold", None)
    folder = digits_project.searches / "search-1" / "trials" / "00000"
    result = runner.run(folder, config.base, lambda: False, lambda epoch, value: None)
    found = held_out_logits(folder, dataset)
    assert found is not None
    rows, logits = found
    chosen = np.isin(rows, runner.scored_rows)
    np.testing.assert_array_equal(rows[chosen], runner.scored_rows)
    expected = score_logits(logits[chosen], dataset.targets[rows[chosen]], dataset.task)
    assert result.value == expected.accuracy
    assert result.measures["validation_loss"] == expected.loss
    assert result.other_epochs == []
