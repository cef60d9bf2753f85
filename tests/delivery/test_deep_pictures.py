"""A classifier of 12-bit pictures answers as it was evaluated, in the app and from its bundle."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import open_dataset
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.delivery.files import read_labels
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.job import deliver
from core.delivery.prediction import Classifier
from core.evaluation.job import evaluate
from core.evaluation.report import read_predictions
from core.files import read_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.progress import QuietProgress
from core.reporting.exports import export_file
from core.training.config import TrainingConfig
from core.training.job import train
from core.workspace import Project
from tests.support.deep_pictures import png, tiff
from tests.support.pictures import write_folder
from tests.support.trained import Trained, copy_dataset, real_digits


def in_12_bits(data: bytes) -> bytes:
    """A picture of 8 bits as a camera with 12 bits in 16 stores it."""
    return png(np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype("u2") * 16)


@pytest.fixture(scope="module")
def deep_run(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on scanned digits in 12 bits, in a workspace whose backbone is converted."""
    folder = tmp_path_factory.mktemp("deep")
    copy_dataset(trained, folder / "workspace")
    files = {name: in_12_bits(data) for name, data in real_digits().items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(folder / "workspace"))
        project = import_dataset(write_folder(folder / "source", files), "Deep").project
        settings = TrainingConfig(dataset_version=1, epochs=20)
        job = JobDirectory.create(project.runs / "run-deep", JobKind.TRAIN, settings.to_json())
        for step in (train, evaluate, deliver):
            step(job.path, job.config(), QuietProgress())
    return job.path


def test_a_bundle_classifies_12_bits_as_the_evaluation_did(deep_run: Path, tmp_path: Path) -> None:
    """One long test: training and converting take most of it."""
    dataset = open_dataset(Project(name="Deep", path=deep_run.parents[1]))
    assert read_labels(deep_run).pixel_range == (0, 4095)
    assert read_json(deep_run / "parity.json")["files"]["keras"]["max_difference"] < 1e-3

    classifier, recorded = Classifier(deep_run), read_predictions(deep_run).set_index("id")
    tested = dataset.rows(Split.TEST)[:5]
    expected = [recorded.loc[dataset.pictures["id"].iloc[row], "probabilities"] for row in tested]
    for row, probabilities in zip(tested, expected, strict=True):
        data = dataset.picture_bytes(int(row))
        np.testing.assert_allclose(classifier.probabilities(data), probabilities, atol=1e-3)

    with zipfile.ZipFile(export_file(deep_run, BUNDLE)) as bundle:
        bundle.extractall(tmp_path / "bundle")
    shallow = tmp_path / "shallow.png"
    shallow.write_bytes(next(iter(real_digits().values())))
    files = [str(dataset.image_path(int(row))) for row in tested] + [str(shallow)]
    answer = subprocess.run(
        [sys.executable, "predict.py", *files],
        cwd=tmp_path / "bundle",
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, of_shallow = answer.stdout.splitlines()
    assert "has 8 bits" in json.loads(of_shallow)["doubt"]
    for line, probabilities in zip(lines, expected, strict=True):
        assert "doubt" not in json.loads(line)
        classes = json.loads(line)["classes"]
        predicted = [classes[name] for name in dataset.class_names]
        np.testing.assert_allclose(predicted, probabilities, atol=1e-3)


def test_a_picture_of_another_instrument_is_in_doubt(deep_run: Path) -> None:
    """Floats from 0 to 1 are black where 4095 is white."""
    classifier = Classifier(deep_run)
    picture = np.linspace(0, 1, 4096, dtype="f4").reshape(64, 64)
    assert "from 0 to 4095" in str(classifier.doubt(tiff(picture)))
    assert classifier.doubt(tiff(picture * 4095)) is None
    assert "has 8 bits" in str(classifier.doubt(next(iter(real_digits().values()))))


def test_8_bits_are_classified_as_the_same_picture_in_12_bits(deep_run: Path) -> None:
    classifier = Classifier(deep_run)
    for data in list(real_digits().values())[:3]:
        difference = classifier.probabilities(in_12_bits(data)) - classifier.probabilities(data)
        assert np.abs(difference).max() < 0.1
