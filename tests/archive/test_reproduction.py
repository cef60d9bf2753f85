"""``reproduce.py`` reaches the reported accuracy from the archive alone, without Darkroom."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.archive.records import MANIFEST
from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.errors import ConfigError
from core.evaluation.report import read_report
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.models.augmentation.presets import STRENGTHS
from core.training.config import HeadConfig, TrainingConfig
from core.workspace import project_of
from tests.support.archives import saved


def unpacked(run: Path, folder: Path) -> Path:
    file = folder / "digits.zip"
    saved(project_of(run), file)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "unpacked")
    file.unlink()
    return folder / "unpacked"


def reproduce(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the program as somebody without Darkroom: isolated, its path holds installed packages only."""
    command = [sys.executable, "-I", "reproduce.py", *options]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


def answer_of(folder: Path) -> dict[str, Any]:
    outcome = reproduce(folder, "--json")
    assert outcome.returncode == 0, outcome.stderr
    return dict(json.loads(outcome.stdout))


def test_a_quick_run_reaches_its_reported_accuracy(finished_run: Path, tmp_path: Path) -> None:
    report = read_report(finished_run)
    test = open_dataset(project_of(finished_run)).rows(Split.TEST)
    folder = unpacked(finished_run, tmp_path)
    # Nothing of Darkroom can be imported there.
    probe = [sys.executable, "-I", "-c", "import core"]
    assert subprocess.run(probe, cwd=folder, env={}, capture_output=True, check=False).returncode == 1
    assert answer_of(folder) == {
        "run": finished_run.name,
        "test_pictures": len(test),
        "reported": report.accuracy,
        "interval": list(report.accuracy_interval),
        "delivered": pytest.approx(report.accuracy),
        "trained_again": pytest.approx(report.accuracy),
        "differences": [],
        "is_same": True,
    }


def test_it_trains_and_does_not_recite(finished_run: Path, tmp_path: Path) -> None:
    """Training labels that are exchanged give another classifier, and the program says so."""
    folder = unpacked(finished_run, tmp_path)
    table = folder / "reproduce" / "pictures.csv"
    lines = [
        line[:-1] + str((int(line[-1]) + 1) % 3) if ",train," in line else line
        for line in table.read_text(encoding="utf-8").splitlines()
    ]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    outcome = reproduce(folder)
    assert outcome.returncode == 1
    assert "Difference: -" in outcome.stdout


def test_a_missing_picture_is_named(finished_run: Path, tmp_path: Path) -> None:
    folder = unpacked(finished_run, tmp_path)
    picture = next((folder / "project" / "dataset" / "images").rglob("*.png"))
    picture.unlink()
    outcome = reproduce(folder)
    assert outcome.returncode == 2
    assert picture.name in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_steps_that_are_not_repeated_are_said(finished_run: Path, tmp_path: Path) -> None:
    config = TrainingConfig.from_json(JobDirectory(finished_run).config())
    changed = replace(config, augmentation=STRENGTHS["light"].config, head=HeadConfig(hidden_units=(64,)))
    stored = read_json(finished_run / "config.json")
    write_json(finished_run / "config.json", stored | {"config": changed.to_json()})
    folder = unpacked(finished_run, tmp_path)
    outcome = reproduce(folder)
    assert outcome.returncode == 0
    assert outcome.stdout.count("Not repeated: ") == 2
    assert "augmented copies" in outcome.stdout


def test_a_run_without_a_classifier_is_not_reproduced(finished_run: Path, tmp_path: Path) -> None:
    (finished_run / "parity.json").unlink()
    with pytest.raises(ConfigError, match="cannot be trained again"):
        saved(project_of(finished_run), tmp_path / "digits.zip", reproduce=finished_run.name)
    manifest = saved(project_of(finished_run), tmp_path / "digits.zip")
    assert manifest.reproduces is None
    with zipfile.ZipFile(tmp_path / "digits.zip") as archive:
        others = [name for name in archive.namelist() if not name.startswith("project/")]
    assert others == [MANIFEST]
