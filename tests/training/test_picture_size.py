"""A run with another picture size than the backbone's own has it from the first pixel to the file it hands over."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.delivery.exporter import TOLERANCE
from core.delivery.files import keras_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.job import deliver
from core.delivery.prediction import Classifier
from core.evaluation.job import evaluate
from core.evaluation.report import read_predictions
from core.files import read_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.backbones import at_size, get_backbone
from core.models.litert.conversion import cached_engine
from core.models.litert.engine import Engine
from core.models.speeds import measured_speed, measured_speeds, speed_key
from core.progress import QuietProgress
from core.reporting.exports import export_file
from core.training.artifacts import engine_path
from core.training.config import Recipe, TrainingConfig
from core.training.features import network
from core.training.job import train
from core.workspace import Project

QUIET = QuietProgress()
SIZE = 96


def finished(project: Project, settings: TrainingConfig) -> Path:
    """Train, evaluate and deliver in this process; the run's directory."""
    run = project.runs / "run-1"
    JobDirectory.create(run, JobKind.TRAIN, settings.to_json())
    for step in (train, evaluate, deliver):
        step(run, settings.to_json(), QUIET)
    return run


@pytest.fixture
def small_run(digits_project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """EfficientNet-Lite0 on digits of 96 pixels; its features at 224 are cached already."""
    monkeypatch.setattr(network, "_MIN_TIMED_PICTURES", 1)
    return finished(digits_project, TrainingConfig(dataset_version=1, picture_size=SIZE, epochs=60, seed=1))


def test_a_small_size_is_obeyed_from_pixels_to_every_export(small_run: Path, digits_project: Project) -> None:
    """One wrong size on the way would train on one picture and predict on another."""
    parity = read_json(small_run / "parity.json")["files"]
    assert parity["tflite"]["max_difference"] <= TOLERANCE
    assert parity["keras"]["max_difference"] <= TOLERANCE
    assert read_json(small_run / "labels.json")["input_size"] == SIZE
    model = keras.models.load_model(keras_file(small_run), compile=False)
    assert model.input_shape == (None, SIZE, SIZE, 3)
    with zipfile.ZipFile(export_file(small_run, BUNDLE)) as bundle:
        (labels,) = (name for name in bundle.namelist() if name.endswith("labels.json"))
        assert f'"input_size": {SIZE}' in bundle.read(labels).decode()

    dataset = open_dataset(digits_project)
    test = dataset.rows(Split.TEST)
    classifier = Classifier(small_run)
    answers = np.stack([classifier.probabilities(dataset.picture_bytes(int(row))) for row in test])
    recorded = read_predictions(small_run).set_index("id")["probabilities"]
    expected = np.stack(list(recorded.loc[dataset.pictures["id"].to_numpy()[test]]))
    np.testing.assert_allclose(answers, expected, atol=TOLERANCE)
    right = (answers.argmax(axis=1) == dataset.label_indices[test]).mean()
    assert right >= 0.7, "three digits, by chance a third"

    lite0 = get_backbone("efficientnet_lite0")
    small, own = (cached_engine(one) for one in (at_size(lite0, SIZE), lite0))
    assert small is not None
    assert own is not None
    assert (Engine(small).input_size, Engine(own).input_size) == (SIZE, 224)
    kept = {folder.name for folder in (dataset.folder / "features").iterdir()}
    assert {small.stem, own.stem} <= kept, "features of both sizes lie apart"
    assert measured_speed(at_size(lite0, SIZE)) is not None
    assert speed_key(at_size(lite0, SIZE)) not in measured_speeds(), "another size is not the backbone's own"


def test_a_network_of_the_runs_own_is_trained_at_the_size(digits_project: Project) -> None:
    settings = TrainingConfig(
        dataset_version=1,
        backbone="small_cnn",
        recipe=Recipe.SCRATCH,
        picture_size=48,
        epochs=1,
        seed=1,
    )
    run = finished(digits_project, settings)
    assert Engine(engine_path(run, settings)).input_size == 48
    assert Classifier(run).labels.input_size == 48
    sizes = {path.stem.rpartition("-")[2] for path in (digits_project.dataset / "arrays").glob("*.npy")}
    assert "48px" in sizes
    assert "96px" not in sizes
