"""Averaged views become a run: one network, whose answers are the mean over the views, in every file."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.labels.layout import Split
from core.delivery.ensembles.averaging_job import measure_run
from core.delivery.ensembles.job import deliver_ensemble, join
from core.delivery.ensembles.network import join_members
from core.delivery.explaining import Explainer
from core.delivery.files import keras_file, read_labels, read_proof, tflite_file
from core.delivery.formats.keras_opener import open_keras
from core.delivery.prediction import Classifier
from core.errors import EvaluationError
from core.evaluation.averaging.measuring import averaged_config
from core.evaluation.averaging.records import (
    AveragingReport,
    AveragingRequest,
    read_averaging,
    write_averaging,
)
from core.evaluation.comparison.differences import MetricDifference
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.network import Method
from core.evaluation.robustness.cost import expected_test_seconds
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JOB_TYPES, JobKind
from core.models.head import HeadWeights
from core.models.litert.engine import FeatureExtractor
from core.models.views import find_view_set, views_of
from core.progress import JobStopped, QuietProgress
from core.reporting.html import report_html
from core.reporting.model_card import model_card
from core.reporting.source import ReportSource
from core.runs.start_runs import start_averaged
from core.training.artifacts import head_file
from core.workspace import project_of
from tests.support.progress_recorder import Recorder


def measure(run: Path, progress: Recorder | QuietProgress) -> None:
    directory = project_of(run).jobs / "averaging-1"
    measure_run(directory, AveragingRequest(run=run.name).to_json(), progress)


def pretend_gain(run: Path) -> None:
    """Store that the views gain: one epoch on 30 digits says nothing of them."""
    evaluated = EvaluatedRun.open(run)
    report = read_averaging(evaluated)
    assert report is not None
    better = MetricDifference(code="accuracy", first=0.5, second=0.9, interval=(0.3, 0.5))
    gains = tuple(replace(gain, difference=better) for gain in report.gains)
    write_averaging(evaluated, replace(report, gains=gains))


def averaged(run: Path, views: str, name: str) -> JobDirectory:
    config = averaged_config(EvaluatedRun.open(run), views)
    job = JobDirectory.create(run.with_name(name), JobKind.ENSEMBLE, config.to_json())
    for step in (join, deliver_ensemble):
        step(job.path, job.config(), QuietProgress())
    return job


def mean_answer(run: Path, evaluated: EvaluatedRun, views: str) -> np.ndarray:
    """Mean of a run's answers to the views of its test pictures, one view after the other."""
    labels, dataset = read_labels(run), evaluated.dataset
    pictures = np.stack([labels.decode(dataset.picture_bytes(row)) for row in evaluated.rows(Split.TEST)])
    network = FeatureExtractor(tflite_file(run))
    looks = [network.run(views_of(view, pictures)) for view in find_view_set(views).views]
    mean: np.ndarray = np.mean(looks, axis=0)
    return mean


def test_the_gain_is_measured_on_validation_pictures_alone(small_run: Path) -> None:
    """By the delivered file; the report has what the leading metric says of each set."""
    measure(small_run, QuietProgress())
    evaluated = EvaluatedRun.open(small_run)
    report = read_averaging(evaluated)
    assert isinstance(report, AveragingReport)
    assert report.pictures == len(evaluated.rows(Split.VALIDATION))
    assert report.milliseconds > 0
    labels, dataset = read_labels(small_run), evaluated.dataset
    rows = evaluated.rows(Split.VALIDATION)
    pictures = np.stack([labels.decode(dataset.picture_bytes(row)) for row in rows])
    network = FeatureExtractor(tflite_file(small_run))
    for gain in report.gains:
        mean = np.mean(
            [network.run(views_of(view, pictures)) for view in find_view_set(gain.views).views], axis=0
        )
        right = (mean.argmax(axis=1) == dataset.label_indices[rows]).mean()
        assert gain.difference.second == pytest.approx(right)
    assert JOB_TYPES[JobKind.AVERAGING].steps[0].function.endswith("averaging_job:measure_run")


def test_a_stopped_measurement_leaves_no_result(small_run: Path) -> None:
    with pytest.raises(JobStopped):
        measure(small_run, Recorder(stop=lambda recorder: True))
    assert read_averaging(EvaluatedRun.open(small_run)) is None


def test_an_averaged_run_answers_with_the_mean_over_the_views(small_run: Path) -> None:
    """Evaluation, files and Predict agree; its stranger score is the mean as well, and heatmaps are of the whole."""
    measure(small_run, QuietProgress())
    pretend_gain(small_run)
    job = averaged(small_run, "crops", "run-averaged")
    evaluated = EvaluatedRun.open(job.path)
    expected = mean_answer(small_run, evaluated, "crops")
    calibration = evaluated.report.calibration
    assert calibration is not None
    logits = np.log(np.maximum(expected, 1e-12)) / np.array(calibration.temperatures)
    scaled = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled /= scaled.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(evaluated.test.probabilities, scaled, atol=2e-3)
    proof = read_proof(job.path)
    assert {code: file.max_difference < 1e-3 for code, file in proof.files.items()} == {
        "tflite": True,
        "keras": True,
    }
    row = evaluated.rows(Split.TEST)[0]
    picture = evaluated.dataset.picture_bytes(row)
    np.testing.assert_allclose(
        Classifier(job.path).probabilities(picture), evaluated.test.probabilities[0], atol=1e-3
    )
    pixels = read_labels(job.path).decode(picture)[np.newaxis]
    np.testing.assert_allclose(
        open_keras(keras_file(job.path))(pixels).probabilities[0], evaluated.test.probabilities[0], atol=1e-3
    )
    # Weights are in the file once.
    assert tflite_file(job.path).stat().st_size < 1.5 * tflite_file(small_run).stat().st_size
    heatmap = Explainer(job.path).heatmap(picture)
    assert heatmap.method is Method.OCCLUSION
    source = ReportSource(evaluated=evaluated, has_pictures=False)
    named = "The picture, its centre, and the mirror images of both"
    assert f"made inside the network: {named}." in model_card(source)
    assert named in report_html(source)
    # Each view is a pass.
    alone = expected_test_seconds(EvaluatedRun.open(small_run), 10)
    assert alone is not None
    assert expected_test_seconds(evaluated, 10) == pytest.approx(4 * alone)


def test_averaging_is_not_offered_twice_nor_without_a_gain(
    small_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.start_runs.launch", started.append)
    with pytest.raises(EvaluationError, match="was not measured"):
        start_averaged(small_run, "mirror")
    assert started == []
    measure(small_run, QuietProgress())
    pretend_gain(small_run)
    job = start_averaged(small_run, "mirror")
    assert (job.kind, job.config()["views"], job.config()["members"]) == (
        JobKind.ENSEMBLE,
        "mirror",
        [small_run.name],
    )


def test_each_member_of_an_ensemble_answers_to_each_view(small_run: Path) -> None:
    """With its own weight and head."""
    other = Path(shutil.copytree(small_run, small_run.with_name("run-other")))
    head = HeadWeights.load(head_file(other))
    layers = tuple((kernel[:, ::-1].copy(), bias[::-1].copy()) for kernel, bias in head.layers)
    replace(head, layers=layers).save(head_file(other))
    members, weights, views = [small_run, other], (0.75, 0.25), find_view_set("mirror").views
    size = read_labels(small_run).input_size
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    both = join_members(members, weights, size, views=views).classifier.predict(pictures, verbose=0)
    plain = join_members(members, weights, size).classifier
    expected = np.mean([plain.predict(views_of(view, pictures), verbose=0) for view in views], axis=0)
    np.testing.assert_allclose(both, expected, atol=1e-5)
    assert np.abs(expected - plain.predict(pictures, verbose=0)).max() > 1e-5


@pytest.mark.parametrize("temperatures", [(2.0, 2.0, 2.0), (0.5, 1.0, 2.0)])
def test_a_joined_network_captures_nothing_but_its_weights(
    small_run: Path, temperatures: tuple[float, ...]
) -> None:
    """Constants made outside the graph became inputs of the ONNX file, which no runtime could feed."""
    import tensorflow as tf

    from core.delivery.formats.graphs.signature import call_of, picture_of

    views = find_view_set("crops").views
    size = read_labels(small_run).input_size
    network = join_members([small_run], (1.0,), size, temperatures, views=views).classifier
    function = tf.function(call_of(network), input_signature=[picture_of(network)])
    captured = function.get_concrete_function().captured_inputs
    assert [tensor.shape for tensor in captured if tensor.dtype != tf.resource] == []
