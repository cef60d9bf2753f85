"""One small project, trained by the command line with the real backbone, for all tests to read."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from core.files import read_json, write_json
from core.workspace import Project
from tests.support.command_line import run_command
from tests.support.pictures import digit, write_folder

NAME = "digits"
# Digits that people confuse, in unequal numbers, so that no metric equals another by chance.
PICTURES = {"3": 24, "5": 20, "8": 16}
TRAINING_OPTIONS = ("--seed", "1", "--epochs", "60")


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A workspace with one project and one finished run. Leave it as it is."""

    home: Path
    source: Path  # the folder of class folders that it was imported from
    imported: dict[str, Any]  # what the commands answered
    answer: dict[str, Any]

    @property
    def project(self) -> Project:
        return Project(name=NAME, path=self.home / "projects" / NAME)

    @property
    def run(self) -> Path:
        return self.project.runs / str(self.answer["run"])


def train_once(folder: Path, shared: Path) -> Trained:
    """Import and train in a new workspace below ``folder``, through real processes.

    Test processes that run side by side have ``shared`` in common: one of them trains, and each gets a copy.
    """
    kept = shared / "trained"
    with FileLock(shared / "trained.lock"):
        if not (kept / "answers.json").exists():
            write_json(kept / "answers.json", _import_and_train(kept))
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    return Trained(home=folder / "workspace", source=folder / "source", **read_json(folder / "answers.json"))


def _import_and_train(folder: Path) -> dict[str, Any]:
    home, source = folder / "workspace", write_folder(folder / "source", real_digits())
    return {
        "imported": run_command(home, "import", source, "--project", NAME),
        "answer": run_command(home, "train", "--project", NAME, *TRAINING_OPTIONS),
    }


@cache
def real_digits() -> dict[str, bytes]:
    """The first scans of each class in ``PICTURES``, as class folders."""
    from sklearn.datasets import load_digits

    labels = load_digits().target
    return {
        f"{name}/{number}.png": digit(int(number))
        for name, count in PICTURES.items()
        for number in np.flatnonzero(labels == int(name))[:count]
    }


def copy_dataset(trained: Trained, home: Path) -> Project:
    """The project without its runs in another workspace; it shares converted backbones and cached features.

    Files are linked, not copied: Darkroom replaces files and never writes into one.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "backbones").symlink_to(trained.home / "backbones")
    project = Project(name=NAME, path=home / "projects" / NAME)
    shutil.copytree(trained.project.dataset, project.dataset, copy_function=os.link)
    shutil.copyfile(trained.project.settings_file, project.settings_file)
    for folder in (project.runs, project.jobs):
        folder.mkdir()
    return project


def copy_run(trained: Trained, project: Project) -> Path:
    """The finished run in a copied project, as training left it: tests that export certify the shared one."""
    without = shutil.ignore_patterns("certificates")
    return Path(shutil.copytree(trained.run, project.runs / trained.run.name, ignore=without))
