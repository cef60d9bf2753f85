"""A run of the small network, trained, evaluated and delivered in this process: two seconds to deliver again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.delivery.job import deliver
from core.evaluation.job import evaluate
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.progress import QuietProgress
from core.training.config import Recipe, TrainingConfig
from core.training.job import train
from core.workspace import Project
from tests.support.trained import Trained, copy_dataset

SMALL = TrainingConfig(dataset_version=1, backbone="small_cnn", recipe=Recipe.SCRATCH, epochs=1)


@pytest.fixture(scope="session")
def small_home(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("small") / "workspace"
    project = copy_dataset(trained, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(home))
        job = JobDirectory.create(project.runs / "run-small", JobKind.TRAIN, SMALL.to_json())
        for step in (train, evaluate, deliver):
            step(job.path, job.config(), QuietProgress())
    return project


@pytest.fixture
def small_run(small_home: Project, workspace: Path) -> Path:
    """A delivered run of the small network, to be changed at will."""
    project = workspace / "projects" / small_home.name
    shutil.copytree(small_home.path, project)
    return project / "runs" / "run-small"
