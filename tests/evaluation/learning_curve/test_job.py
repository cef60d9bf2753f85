"""Learning curve of a finished run, in this process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.labels.layout import Split
from core.errors import ConfigError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.learning_curve import job
from core.evaluation.learning_curve.job import measure_run
from core.evaluation.learning_curve.records import (
    LearningCurveRequest,
    NoForecast,
    read_learning_curve,
)
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JOB_TYPES, JobKind
from core.progress import JobStopped, Stage
from core.training.config import Recipe, TrainingConfig
from core.training.features.cache import cached_features
from core.workspace import project_of
from tests.support.progress_recorder import Recorder


def measure(run: Path, progress: Recorder) -> EvaluatedRun:
    measure_run(project_of(run).jobs / "curve-1", LearningCurveRequest(run=run.name).to_json(), progress)
    return EvaluatedRun.open(run)


def test_heads_on_growing_shares_are_scored_on_validation_pictures(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last head is that of all training pictures; so few are not extrapolated. Test pictures stay unread."""
    asked: list[np.ndarray] = []

    def remember(*arguments: Any, rows: np.ndarray, **options: Any) -> np.ndarray:
        asked.append(rows)
        return cached_features(*arguments, rows=rows, **options)

    monkeypatch.setattr(job, "cached_features", remember)
    recorder = Recorder()
    evaluated = measure(finished_run, recorder)
    curve = read_learning_curve(evaluated)
    assert curve is not None
    train, validation = evaluated.rows(Split.TRAIN), evaluated.rows(Split.VALIDATION)
    assert curve.points[-1].pictures == len(train)
    assert [len(point.accuracies) for point in curve.points] == [3] * (len(curve.points) - 1) + [1]
    assert curve.validation_pictures == len(validation)
    assert curve.points[0].accuracy < curve.points[-1].accuracy
    assert (curve.forecast, curve.reason) == (None, NoForecast.TOO_FEW_PICTURES)
    assert set(np.concatenate(asked)) == {*train, *validation}
    assert recorder.stages[-1] is Stage.TRAINING


def test_a_stopped_job_leaves_no_result(finished_run: Path) -> None:
    with pytest.raises(JobStopped):
        measure(finished_run, Recorder(stop=lambda recorder: len(recorder.steps) >= 3))
    assert read_learning_curve(EvaluatedRun.open(finished_run)) is None


def test_a_run_from_scratch_has_no_frozen_backbone(finished_run: Path) -> None:
    # An opened run is remembered until its report changes.
    stored = TrainingConfig.from_json(JobDirectory(finished_run).config())
    settings = replace(stored, recipe=Recipe.SCRATCH)
    request = JobDirectory(finished_run)._request()
    write_json(finished_run / "config.json", replace(request, config=settings.to_json()).to_json())
    with pytest.raises(ConfigError, match="trained from scratch"):
        measure(finished_run, Recorder())


def test_the_job_kind_names_the_step() -> None:
    (step,) = JOB_TYPES[JobKind.LEARNING_CURVE].steps
    assert step.function == f"{measure_run.__module__}:{measure_run.__name__}"
