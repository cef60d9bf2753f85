"""Choices rest on pictures that the head has not learnt from, although few pictures all teach it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.evaluation.calibration import temperature
from core.evaluation.job import evaluate
from core.evaluation.report import read_predictions, read_report
from core.models.head import HeadWeights, softmax
from core.progress import QuietProgress
from core.training.artifacts import head_file
from core.training.config import TrainingConfig
from core.training.heads import cross_validation
from core.training.heads.held_out import held_out_logits, held_out_temperature
from core.training.job import train
from core.workspace import Project
from tests.support.progress_recorder import Recorder

CONFIG = TrainingConfig(dataset_version=1).to_json()


@pytest.fixture
def dataset(digits_project: Project) -> Dataset:
    return open_dataset(digits_project)


@pytest.fixture
def run(digits_project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cross-validated run, trained in this process."""
    monkeypatch.setattr(cross_validation, "CROSS_VALIDATED_PER_CLASS", 100)
    monkeypatch.setattr(temperature, "LEAST_PICTURES", 1)
    directory = digits_project.runs / "run-1"
    result = train(directory, CONFIG, QuietProgress())
    assert "chosen by cross-validation" in result["training"]["notes"][0]["template"]
    evaluate(directory, CONFIG, QuietProgress())
    return directory


def test_every_picture_but_those_of_the_test_is_held_out_once(run: Path, dataset: Dataset) -> None:
    held_out = held_out_logits(run, dataset)
    assert held_out is not None
    learnt = np.concatenate([dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)])
    assert held_out[0].tolist() == sorted(learnt)
    assert np.isfinite(held_out[1]).all()
    assert (held_out_temperature(run) or 0) > 0


def test_temperatures_and_validation_predictions_are_those_of_the_held_out(
    run: Path, dataset: Dataset
) -> None:
    held_out, calibration = held_out_logits(run, dataset), read_report(run).calibration
    assert held_out is not None
    assert calibration is not None
    rows, logits = held_out
    assert calibration.validation_pictures == len(rows)
    expected = softmax(logits / np.array(calibration.temperatures))
    stored = read_predictions(run).set_index("id")["probabilities"]
    for row in dataset.rows(Split.VALIDATION):
        picture = dataset.pictures["id"].iloc[row]
        np.testing.assert_allclose(stored[picture], expected[rows == row][0], atol=1e-6)


def test_an_erased_picture_is_missing_among_the_held_out(run: Path, dataset: Dataset) -> None:
    whole = held_out_logits(run, dataset)
    assert whole is not None
    first = int(whole[0][0])
    left = held_out_logits(
        run, replace(dataset, pictures=dataset.pictures.drop(dataset.pictures.index[first]))
    )
    assert left is not None
    np.testing.assert_array_equal(left[0], whole[0][1:] - 1)
    np.testing.assert_array_equal(left[1], whole[1][1:])


def test_a_run_that_is_stopped_keeps_the_best_so_far(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_validation, "CROSS_VALIDATED_PER_CLASS", 100)
    directory = digits_project.runs / "run-2"
    recorder = Recorder(stop=lambda recorder: len(recorder.metrics) >= 3)
    result = train(directory, CONFIG, recorder)
    assert len(recorder.metrics) == result["training"]["epochs"] == 3
    best = min(recorder.metrics, key=lambda record: float(record["validation_loss"]))
    assert result["training"]["best"]["epoch"] == best["epoch"]
    assert HeadWeights.load(head_file(directory)).num_classes == 3
    assert held_out_logits(directory, open_dataset(digits_project)) is not None


def test_a_run_that_is_trained_again_is_the_same(run: Path, digits_project: Project) -> None:
    """So one that was killed and resumed is too: linear heads begin anew."""
    again = digits_project.runs / "run-3"
    train(again, CONFIG, QuietProgress())
    one, other = (HeadWeights.load(head_file(directory)).layers[0] for directory in (run, again))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


def test_a_run_of_more_pictures_leaves_the_validation_pictures_out(
    finished_run: Path, dataset: Dataset
) -> None:
    assert held_out_logits(finished_run, dataset) is None
    assert held_out_temperature(finished_run) is None
