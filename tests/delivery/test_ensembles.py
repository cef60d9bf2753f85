"""Several runs become one classifier: a run like any other, whose answers are the mean of its members'."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.delivery.ensembles.job import deliver_ensemble, join
from core.delivery.ensembles.network import join_members
from core.delivery.explaining import Explainer
from core.delivery.exporter import delivered_head
from core.delivery.files import is_delivered, keras_file, read_labels, read_proof
from core.delivery.prediction import Classifier
from core.delivery.robustness_job import measure_run
from core.errors import EvaluationError, NotFoundError
from core.evaluation.calibration.temperature import with_temperatures
from core.evaluation.ensemble import EnsembleConfig
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.network import Method
from core.evaluation.job import evaluate
from core.evaluation.robustness.records import RobustnessRequest, read_robustness
from core.evaluation.strangers.results import read_known_scores
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.head import HeadWeights
from core.progress import QuietProgress
from core.reporting.html import report_html
from core.reporting.model_card import model_card
from core.reporting.source import ReportSource
from core.runs.compare import cloned_config, compare_runs
from core.training.artifacts import engine_path, head_file
from core.training.config import TrainingConfig
from core.training.features.cache import cached_features
from core.training.heads import cross_validation
from core.training.job import train
from core.workspace import Project
from tests.support.pictures import encoded, photograph


@pytest.fixture
def members(finished_run: Path, small_home: Project) -> list[Path]:
    """A run on the frozen backbone, another with noise in its head, and one of a small network of its own."""
    noisy = Path(shutil.copytree(finished_run, finished_run.with_name("run-noisy")))
    head, random = HeadWeights.load(head_file(noisy)), np.random.default_rng(0)
    *hidden, (kernel, bias) = head.layers
    noise = random.normal(0, kernel.std() / 2, kernel.shape)
    changed = HeadWeights(
        feature_mean=head.feature_mean,
        feature_scale=head.feature_scale,
        layers=(*hidden, (kernel + noise, bias)),
    )
    changed.save(head_file(noisy))
    evaluate(noisy, JobDirectory(noisy).config(), QuietProgress())
    small = shutil.copytree(small_home.runs / "run-small", finished_run.with_name("run-small"))
    return [finished_run, noisy, Path(small)]


def ensemble_of(members: list[Path], weights: tuple[float, ...]) -> JobDirectory:
    config = EnsembleConfig(
        dataset_version=1,
        members=tuple(run.name for run in members),
        weights=weights,
        backbones=("efficientnet_lite0", "small_cnn"),
        input_size=224,
    )
    path = members[0].with_name("run-ensemble")
    return JobDirectory.create(path, JobKind.ENSEMBLE, config.to_json())


def test_an_ensemble_is_evaluated_delivered_and_proven_as_any_run(members: list[Path]) -> None:
    """Also of networks whose pictures have different sizes: they are resized inside."""
    job = ensemble_of(members, (0.5, 0.25, 0.25))
    join(job.path, job.config(), QuietProgress())
    deliver_ensemble(job.path, job.config(), QuietProgress())
    assert is_delivered(job.path)
    evaluated = EvaluatedRun.open(job.path)
    assert evaluated.report.pictures == 9
    labels = read_labels(job.path)
    assert (labels.input_size, labels.class_names) == (224, ("3", "5", "8"))
    assert labels.backbone == "efficientnet_lite0 + small_cnn"
    expected = np.average(
        [EvaluatedRun.open(member).test.probabilities for member in members], axis=0, weights=[2, 1, 1]
    )
    np.testing.assert_allclose(evaluated.test.probabilities, expected, atol=0.02)
    row = evaluated.rows(Split.TEST)[0]
    answer = Classifier(job.path).probabilities(evaluated.dataset.picture_bytes(row))
    np.testing.assert_allclose(answer, evaluated.test.probabilities[0], atol=1e-3)
    assert keras_file(job.path).exists()
    compared = compare_runs([JobDirectory(members[0]), job, JobDirectory(members[2])])
    assert (compared.rows[1].members, compared.rows[1].recipe) == (tuple(run.name for run in members), None)
    assert compared.differing["recipe"] == ("quick", None, "scratch")
    source = ReportSource(evaluated=evaluated, has_pictures=False)
    assert "EfficientNet-Lite0 + " in report_html(source)
    assert "224 × 224 pixels" in model_card(source)
    with pytest.raises(EvaluationError, match="was made of finished runs"):
        cloned_config(job)
    # Its stranger score is the members' mean, in the file as it was measured, and has a limit.
    score = read_proof(job.path).files["tflite"].score_difference
    assert score is not None
    assert score < 1e-2
    assert labels.stranger_limit is not None
    known = read_known_scores(job.path).set_index("id")["score"]
    single = read_known_scores(members[0]).set_index("id")["score"]
    assert np.corrcoef(known, single.loc[known.index])[0, 1] > 0.8
    stranger = Classifier(job.path).prediction(encoded(photograph("chelsea"), "JPEG"))
    assert Classifier(job.path).is_stranger(stranger)
    # Its heatmaps are those of the whole, which has no one network to look into.
    explainer = Explainer(job.path)
    heatmap = explainer.heatmap(evaluated.dataset.picture_bytes(row))
    assert explainer.one_network is None
    assert heatmap.method is Method.OCCLUSION
    assert heatmap.probability == pytest.approx(evaluated.test.probabilities[0].max(), abs=1e-3)
    request = RobustnessRequest(run=job.name)
    measure_run(members[0].parent.parent / "jobs" / "robustness-1", request.to_json(), QuietProgress())
    robustness = read_robustness(EvaluatedRun.open(job.path))
    assert robustness is not None
    assert robustness.clean.accuracy == evaluated.report.accuracy


@pytest.mark.parametrize("task", list(Task))
def test_the_mean_of_the_members_gets_temperatures_of_its_own(
    members: list[Path], task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the network, as the evaluation computes them: also with a threshold a class."""
    temperatures = np.array([3.0, 3.0, 3.0] if task is Task.MULTI_CLASS else [0.5, 1.0, 2.0])
    if task is Task.MULTI_LABEL:
        head = delivered_head(members[0])
        monkeypatch.setattr(
            "core.delivery.ensembles.network.delivered_head", lambda run: replace(head, activation="sigmoid")
        )
    pictures = np.random.default_rng(0).integers(0, 256, (4, 224, 224, 3), np.uint8)
    mean = join_members(members[:2], (0.5, 0.5), 224).classifier.predict(pictures, verbose=0)
    scaled = join_members(members[:2], (0.5, 0.5), 224, tuple(temperatures)).classifier.predict(
        pictures, verbose=0
    )
    np.testing.assert_allclose(scaled, with_temperatures(task, mean, temperatures), atol=1e-4)
    assert np.abs(scaled - mean).max() > 0.001


def test_members_on_the_same_frozen_backbone_share_one_pass(members: list[Path]) -> None:
    """Their heads are applied to the same features."""
    model = join_members(members[:2], (0.5, 0.5), 224).classifier
    assert [layer.name for layer in model.layers if layer.name.startswith("network_")] == ["network_1"]
    evaluated = [EvaluatedRun.open(member) for member in members[:2]]
    rows, dataset = evaluated[0].rows(Split.TEST)[:4], evaluated[0].dataset
    prepare = Classifier(members[0], proven=False).prepare
    pictures = np.stack([prepare(dataset.picture_bytes(row)) for row in rows])
    expected = np.mean([one.test.probabilities[:4] for one in evaluated], axis=0)
    np.testing.assert_allclose(model.predict(pictures, verbose=0), expected, atol=1e-4)


def test_an_ensemble_without_one_of_its_members_says_so(members: list[Path]) -> None:
    job = ensemble_of(members[:2], (0.5, 0.5))
    shutil.rmtree(members[1])
    with pytest.raises(NotFoundError, match="“run-noisy” was deleted"):
        join(job.path, job.config(), QuietProgress())


def test_an_ensemble_chooses_on_answers_of_heads_that_had_not_seen_the_picture(
    finished_run: Path, digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member that cross-validation chose has learnt from the validation pictures."""
    monkeypatch.setattr(cross_validation, "CROSS_VALIDATED_PER_CLASS", 100)
    few = JobDirectory.create(
        digits_project.runs / "run-few", JobKind.TRAIN, TrainingConfig(dataset_version=1).to_json()
    )
    for step in (train, evaluate):
        step(few.path, few.config(), QuietProgress())
    job = ensemble_of([finished_run, few.path], (0.25, 0.75))
    join(job.path, job.config(), QuietProgress())
    joined = EvaluatedRun.open(job.path)
    opened = [EvaluatedRun.open(member) for member in (finished_run, few.path)]
    expected = np.average([one.validation.probabilities for one in opened], axis=0, weights=(0.25, 0.75))
    np.testing.assert_allclose(joined.validation.probabilities, expected, atol=1e-6)
    known = [read_known_scores(one.run).set_index("id")["score"] for one in (*opened, joined)]
    ids = joined.dataset.pictures["id"].iloc[joined.rows(Split.VALIDATION)]
    np.testing.assert_allclose(
        known[2].loc[ids], 0.25 * known[0].loc[ids] + 0.75 * known[1].loc[ids], atol=1e-5
    )

    own = delivered_head(few.path).probabilities(
        cached_features(
            joined.dataset,
            engine_path(few.path, opened[1].settings),
            QuietProgress(),
            rows=joined.rows(Split.VALIDATION),
        )
    )
    truth = joined.validation.targets
    assert own[truth].mean() > opened[1].validation.probabilities[truth].mean() + 0.02, (
        "it knows them by heart"
    )
