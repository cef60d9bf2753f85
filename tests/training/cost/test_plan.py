"""Plan of a run: what it expects of its stages at the start."""

from __future__ import annotations

import pytest

from core.data.dataset import Dataset
from core.progress import Stage
from core.training.config import TrainingConfig
from core.training.cost.plan import RunPlan
from tests.support.progress_recorder import Recorder


def test_a_warm_worker_does_not_wait_for_keras(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has imported Keras already, so the time left must not count it."""
    monkeypatch.setattr("core.training.cost.estimate.measured_keras_seconds", lambda: 5.0)
    settings = TrainingConfig(dataset_version=1)
    expected = []
    for is_loaded in (False, True):
        monkeypatch.setattr("core.training.cost.plan.is_keras_loaded", lambda answer=is_loaded: answer)
        recorder = Recorder()
        RunPlan(dataset, settings, recorder)
        expected.append(recorder.expected)
    cold, warm = expected
    assert cold[Stage.CONVERTING] - warm[Stage.CONVERTING] == pytest.approx(5.0)
    assert sum(cold.values()) - sum(warm.values()) == pytest.approx(5.0)
