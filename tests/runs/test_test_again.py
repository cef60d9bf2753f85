"""A finished run is tested and exported again by this version; its classifier stays the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.delivery.files import is_delivered, read_labels, tflite_file, write_labels
from core.errors import ConfigError
from core.evaluation.ensemble import EnsembleConfig
from core.evaluation.report import read_predictions
from core.evaluation.strangers.results import has_strangers, remove_strangers
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.litert.engine import Engine
from core.runs import start_runs
from core.runs.control import wait_for
from core.runs.start_runs import start_test_again
from core.workspace import Project, projects_folder


def test_a_run_of_an_older_version_gets_its_stranger_score_everywhere(finished_run: Path) -> None:
    """Through a real worker: evaluated, delivered, proven; answers are those of before."""
    before = read_predictions(finished_run)
    remove_strangers(finished_run)
    write_labels(finished_run, replace(read_labels(finished_run), stranger_limit=None))
    tflite_file(finished_run).write_bytes(b"of an older version")
    assert wait_for(start_test_again(finished_run)) is JobState.FINISHED
    assert has_strangers(finished_run)
    assert is_delivered(finished_run)
    assert read_labels(finished_run).stranger_limit is not None
    assert Engine(tflite_file(finished_run)).output_shape == (3,)
    after = read_predictions(finished_run)
    assert after["predicted"].tolist() == before["predicted"].tolist()


def test_a_run_that_is_worked_on_is_not_tested_again(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_runs, "is_worked_on", lambda job: True)
    with pytest.raises(ConfigError, match="is being worked on"):
        start_test_again(finished_run)


def test_an_ensemble_is_not_tested_as_a_run_that_was_trained(workspace: Path) -> None:
    """The step would look for settings of a training; before, the job failed by an unknown setting."""
    project = Project(name="Pets", path=projects_folder() / "Pets")
    config = EnsembleConfig(
        dataset_version=1, members=("run-1", "run-2"), weights=(0.5, 0.5), backbones=("x",), input_size=224
    )
    ensemble = JobDirectory.create(project.runs / "run-3", JobKind.ENSEMBLE, config.to_json())
    with pytest.raises(ConfigError, match="“run-3” was made of finished runs"):
        start_test_again(ensemble.path)
