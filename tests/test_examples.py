"""The examples run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import ROOT
from tests.support.trained import Trained


def run_example(home: Path, trained: Trained, *command: str | Path) -> str:
    """Run an example in a workspace of its own; returns what it printed."""
    home.mkdir(exist_ok=True)
    (home / "backbones").symlink_to(trained.home / "backbones")
    outcome = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=os.environ | {"DARKROOM_HOME": str(home), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def test_the_python_example_classifies_a_picture(trained: Trained, tmp_path: Path) -> None:
    """A picture of the training set is recognised."""
    picture = next((trained.source / "3").iterdir())
    output = run_example(
        tmp_path / "home",
        trained,
        sys.executable,
        "-m",
        "examples.train_from_python",
        trained.source,
        picture,
    )
    assert output.startswith(f"{picture.name}: 3 (")


def test_the_shell_example_exports_a_bundle(trained: Trained, tmp_path: Path) -> None:
    """The bundle holds the model and the script that runs it."""
    bundle = tmp_path / "classifier.zip"
    run_example(
        tmp_path / "home", trained, "bash", "examples/train_from_the_shell.sh", trained.source, bundle
    )
    assert {"model.tflite", "predict.py"} <= {Path(name).name for name in zipfile.ZipFile(bundle).namelist()}
