"""Fixtures of every test: a workspace of its own, and quiet, repeatable engines.

The environment is set before anything imports Keras or TensorFlow.
"""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from core.workspace import Project
from tests.support.trained import Trained, copy_dataset, copy_run, train_once

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # the pytest process stands for a worker
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["DARKROOM_WARM_MINUTES"] = "0"  # a page that a test draws starts no process
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # a choice, so that no run of a test measures first

# How long an example takes depends on what else the machine does, so it proves nothing.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[1]
# The files that take longest. They come first, so that no process is left alone with one at the end.
LONGEST = [
    "tests/training/test_killed_worker.py",
    "tests/browser/test_journey.py",
    "tests/test_moved_workspaces.py",
    "tests/training/test_resume.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    files = [ROOT / name for name in LONGEST]
    items.sort(key=lambda item: files.index(item.path) if item.path in files else len(files))


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace, the one that ``core.workspace.home`` names in this test."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.setenv("DARKROOM_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A small project that real processes imported and trained; shared, so leave it as it is."""
    base = tmp_path_factory.getbasetemp()
    is_one_of_several = "PYTEST_XDIST_WORKER" in os.environ  # each has a folder of its own below that of all
    return train_once(tmp_path_factory.mktemp("trained"), base.parent if is_one_of_several else base)


@pytest.fixture
def digits_project(trained: Trained, workspace: Path) -> Project:
    """The same pictures in the test's own workspace: features cached, backbone converted, no runs."""
    return copy_dataset(trained, workspace)


@pytest.fixture
def finished_run(trained: Trained, digits_project: Project) -> Path:
    """The finished run as a copy that a test may change."""
    return copy_run(trained, digits_project)
