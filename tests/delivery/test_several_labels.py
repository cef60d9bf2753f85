"""A classifier of several labels on its whole way: trained, measured, handed over, asked."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.data.dataset import open_dataset
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.delivery.files import read_labels
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.job import deliver
from core.delivery.prediction import Classifier
from core.evaluation.job import evaluate
from core.evaluation.report import MultiLabelReport, read_predictions, read_report
from core.files import read_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.progress import QuietProgress
from core.reporting.exports import export_file
from core.training.config import TrainingConfig
from core.training.job import train
from core.workspace import Project
from tests.support.pictures import two_digits_folder


@pytest.fixture
def several_run(digits_project: Project, tmp_path: Path) -> Path:
    """A finished run on 150 pictures of two digits, in the workspace whose backbone is converted."""
    source = two_digits_folder(tmp_path / "source", 150)
    project = import_dataset(source, "Pairs", ImportConfig(multi_label=True)).project
    job = JobDirectory.create(
        project.runs / "run-pairs", JobKind.TRAIN, TrainingConfig(dataset_version=1, epochs=20).to_json()
    )
    for step in (train, evaluate, deliver):
        step(job.path, job.config(), QuietProgress())
    return job.path


def test_every_class_is_learnt_by_itself_from_picture_to_bundle(
    several_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One long test: training and converting take most of it."""
    report, dataset = (
        read_report(several_run),
        open_dataset(Project(name="Pairs", path=several_run.parents[1])),
    )
    assert isinstance(report, MultiLabelReport)
    assert report.task == "multi_label"
    assert report.pictures == len(dataset.rows(Split.TEST))
    assert (report.mean_average_precision or 0) > report.mean_prevalence + 0.2
    assert report.accuracy > report.majority_baseline

    labels = read_labels(several_run)
    assert labels.thresholds == tuple(row.threshold for row in report.classes)
    assert read_json(several_run / "parity.json")["files"]["tflite"]["max_difference"] < 1e-3

    classifier, recorded = Classifier(several_run), read_predictions(several_run).set_index("id")
    tested = dataset.rows(Split.TEST)[:5]
    for row in tested:
        data, answer = dataset.picture_bytes(int(row)), recorded.loc[dataset.pictures["id"].iloc[row]]
        np.testing.assert_allclose(classifier.probabilities(data), answer["probabilities"], atol=1e-3)
        given = classifier.chosen_labels(classifier.guesses(data))
        assert ("; ".join(sorted(given)) or "–") == answer["predicted"]

    file = str(dataset.image_path(int(tested[0])))
    capfd.readouterr()
    assert main(["predict", "run-pairs", file, "--json"]) == 0
    (prediction,) = json.loads(capfd.readouterr().out)["predictions"]
    assert prediction["labels"] == classifier.chosen_labels(classifier.guesses(Path(file).read_bytes()))

    with zipfile.ZipFile(export_file(several_run, BUNDLE)) as bundle:
        bundle.extractall(tmp_path / "bundle")
    command = [sys.executable, "predict.py", file]
    told = subprocess.run(command, cwd=tmp_path / "bundle", capture_output=True, text=True, check=True)
    assert json.loads(told.stdout)["labels"] == prediction["labels"]
