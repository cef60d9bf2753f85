"""What every test needs: a workspace of its own, and quiet, repeatable engines.

The environment is set before anything imports Keras or TensorFlow.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # the pytest process stands for a worker
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace, the one that ``core.workspace.home`` names in this test."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.setenv("DARKROOM_HOME", str(folder))
    return folder
