"""``reproduce.py`` fits the head of very few pictures again, which cross-validation chose."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.delivery.job import deliver
from core.evaluation.job import evaluate
from core.evaluation.report import MultiLabelReport, read_predictions, read_report
from core.jobs.directory import JobDirectory
from core.jobs.ending import record_results
from core.jobs.kinds import JobKind
from core.models.head import activated, sigmoid
from core.progress import QuietProgress
from core.training.config import Imbalance, TrainingConfig
from core.training.heads import cross_validation
from core.training.heads.held_out import held_out_logits, held_out_temperature
from core.training.job import train
from core.workspace import Project
from tests.archive.test_reproduction import answer_of, unpacked
from tests.support.pictures import two_digits_folder


@pytest.fixture(autouse=True)
def all_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_validation, "CROSS_VALIDATED_PER_CLASS", 100)


def finished(project: Project, settings: TrainingConfig) -> Path:
    """Train, evaluate and deliver in this process; the run's directory."""
    job = JobDirectory.create(project.runs / "run-few", JobKind.TRAIN, settings.to_json())
    results: dict[str, Any] = {}
    for step in (train, evaluate, deliver):
        results |= step(job.path, job.config(), QuietProgress())
        record_results(job.path, results)
    assert held_out_temperature(job.path) is not None
    return job.path


def probabilities_of_program(folder: Path) -> np.ndarray:
    """Probabilities of the test pictures by the head that the program fits, at the run's temperatures."""
    outcome = subprocess.run(
        [sys.executable, "-I", "-c", _PROBABILITIES],
        cwd=folder,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    logits = np.array(json.loads(outcome.stdout))
    recipe = json.loads((folder / "reproduce" / "recipe.json").read_text(encoding="utf-8"))
    return activated(
        logits / recipe["temperatures"], "sigmoid" if recipe["task"] == "multi_label" else "softmax"
    )


_PROBABILITIES = """
import json, sys
sys.path.insert(0, ".")
import reproduce as program
files, splits, targets = program.read_pictures()
features = program.features_of(files)
of = {part: splits == part for part in ("train", "validation", "test")}
head = program.train_again(
    features[of["train"]], targets[of["train"]], features[of["validation"]], targets[of["validation"]]
)
print(json.dumps(head.logits(features[of["test"]]).tolist()))
"""


def recorded(run: Path, dataset: Dataset) -> np.ndarray:
    """Probabilities of the test pictures by the evaluation."""
    stored = read_predictions(run).set_index("id")["probabilities"]
    return np.stack(list(stored.loc[dataset.pictures["id"].iloc[dataset.rows(Split.TEST)]]))


@pytest.mark.parametrize("imbalance", [Imbalance.NONE, Imbalance.CLASS_WEIGHTS])
def test_a_cross_validated_run_reaches_its_reported_accuracy(
    digits_project: Project, tmp_path: Path, imbalance: Imbalance
) -> None:
    run = finished(digits_project, TrainingConfig(dataset_version=1, imbalance=imbalance))
    folder = unpacked(run, tmp_path)
    recipe = json.loads((folder / "reproduce" / "recipe.json").read_text(encoding="utf-8"))
    assert (recipe["learns_from_validation"], len(recipe["heads"])) == (True, 1)
    assert recipe["is_balanced"] is (imbalance is Imbalance.CLASS_WEIGHTS)
    answer = answer_of(folder)
    assert answer["trained_again"] == pytest.approx(read_report(run).accuracy)
    assert answer["delivered"] == pytest.approx(read_report(run).accuracy)
    assert answer["is_same"]
    # All of the head, not only how often it is right.
    expected = recorded(run, open_dataset(digits_project))
    np.testing.assert_allclose(probabilities_of_program(folder), expected, atol=1e-3)


def test_a_cross_validated_run_of_several_labels_is_chosen_on_what_it_had_not_learnt(
    digits_project: Project, tmp_path: Path
) -> None:
    """One long test: folds, thresholds, temperatures, files, and the program that trains it again."""
    source = two_digits_folder(tmp_path / "source", 150)
    project = import_dataset(source, "Pairs", ImportConfig(multi_label=True)).project
    run = finished(project, TrainingConfig(dataset_version=1))
    report, dataset = read_report(run), open_dataset(project)
    assert isinstance(report, MultiLabelReport)
    assert report.calibration is not None
    held_out = held_out_logits(run, dataset)
    assert held_out is not None
    rows, logits = held_out
    assert report.calibration.validation_pictures == len(rows)
    expected = sigmoid(logits / np.array(report.calibration.temperatures))
    stored = read_predictions(run).query("split == 'validation'").set_index("id")["probabilities"]
    places = dataset.pictures["id"].iloc[rows].tolist()
    for picture, probabilities in stored.items():
        np.testing.assert_allclose(probabilities, expected[places.index(str(picture))], atol=1e-6)
    assert (report.mean_average_precision or 0) > report.mean_prevalence + 0.2

    folder = unpacked(run, tmp_path)
    answer = answer_of(folder)
    assert answer["trained_again"] == pytest.approx(report.accuracy)
    assert answer["delivered"] == pytest.approx(report.accuracy)
    np.testing.assert_allclose(probabilities_of_program(folder), recorded(run, dataset), atol=1e-3)
