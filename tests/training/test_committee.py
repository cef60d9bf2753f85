"""A run of two backbones at once is a run like the others, from its features to its files."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.images.picture import load_picture
from core.data.labels.layout import Split
from core.delivery.answering import named_function
from core.delivery.explaining import Explainer
from core.delivery.exporter import TOLERANCE, DeliveredModel
from core.delivery.facts import read_facts
from core.delivery.files import keras_file
from core.delivery.formats.graphs.onnx_format import ONNX
from core.delivery.job import deliver
from core.delivery.prediction import Classifier
from core.errors import ConfigError, WeightsError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.network import Method
from core.evaluation.job import evaluate
from core.evaluation.mistakes.neighbours import similar_training_pictures
from core.evaluation.report import read_predictions
from core.files import read_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.backbones import at_size, get_backbone
from core.models.head import HeadWeights
from core.progress import QuietProgress, Stage
from core.training.artifacts import head_file
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import estimate, expected_stages
from core.training.job import train
from core.workspace import Project

QUIET = QuietProgress()
KEY = "efficientnet_lite0+efficientnet_lite2"
SETTINGS = TrainingConfig(dataset_version=1, backbone=KEY, picture_size=96, epochs=60, seed=1)


def finished(project: Project, settings: TrainingConfig) -> Path:
    """Train, evaluate and deliver in this process; the run's directory."""
    run = project.runs / "run-1"
    JobDirectory.create(run, JobKind.TRAIN, settings.to_json())
    for step in (train, evaluate, deliver):
        step(run, settings.to_json(), QUIET)
    return run


def test_every_file_of_a_committee_answers_as_was_evaluated(digits_project: Project) -> None:
    before = expected_stages(open_dataset(digits_project), SETTINGS)
    run = finished(digits_project, SETTINGS)
    parity = read_json(run / "parity.json")["files"]
    assert max(parity[code]["max_difference"] for code in ("tflite", "keras")) <= TOLERANCE
    assert HeadWeights.load(head_file(run)).feature_size == 4 * 2560

    dataset = open_dataset(digits_project)
    test = dataset.rows(Split.TEST)
    recorded = read_predictions(run).set_index("id")["probabilities"]
    expected = np.stack(list(recorded.loc[dataset.pictures["id"].to_numpy()[test]]))
    pictures = np.stack([load_picture(dataset.picture_bytes(int(row)), 96) for row in test])
    model = keras.models.load_model(keras_file(run), compile=False)
    np.testing.assert_allclose(model.predict(pictures, verbose=0), expected, atol=TOLERANCE)
    assert ONNX.opens is not None
    ONNX.make(DeliveredModel(run), ONNX.file(run))
    onnx = named_function(ONNX.opens)(ONNX.file(run))
    np.testing.assert_allclose(onnx(pictures).probabilities, expected, atol=TOLERANCE)
    classifier = Classifier(run)
    answers = np.stack([classifier.probabilities(dataset.picture_bytes(int(row))) for row in test])
    np.testing.assert_allclose(answers, expected, atol=TOLERANCE)
    right = (answers.argmax(axis=1) == dataset.label_indices[test]).mean()
    assert right >= 0.7, "three digits, by chance a third"

    facts = read_facts(run)
    assert [one.key for one in facts.backbones] == KEY.split("+")
    assert facts.input_size == 96
    heatmap = Explainer(run).heatmap(dataset.picture_bytes(int(test[0])))
    assert (heatmap.method, heatmap.values.shape) == (Method.CAM, (3, 3))
    similar = similar_training_pictures(EvaluatedRun.open(run), int(test[0]), 3)
    assert similar is not None
    assert (similar.backbone, similar.decided) == ("EfficientNet-Lite0 + EfficientNet-Lite2", True)
    assert Stage.FEATURES in before
    assert Stage.FEATURES not in expected_stages(dataset, SETTINGS), "they are there now"
    alone = estimate(dataset, TrainingConfig(dataset_version=1, picture_size=96))
    assert estimate(dataset, SETTINGS).memory_bytes > alone.memory_bytes


def test_settings_read_back_whatever_the_order_of_the_members() -> None:
    turned = TrainingConfig(dataset_version=1, backbone="efficientnet_lite2+efficientnet_lite0")
    assert turned.backbone == KEY
    assert TrainingConfig.from_json(turned.to_json()) == turned
    assert turned.sized_backbone == get_backbone(KEY)
    assert SETTINGS.sized_backbone == at_size(get_backbone(KEY), 96)


@pytest.mark.parametrize("recipe", [Recipe.BALANCED, Recipe.BEST, Recipe.SCRATCH])
def test_only_heads_are_trained_on_a_committee(recipe: Recipe) -> None:
    with pytest.raises(ConfigError, match=r"stay as they are.*Choose “quick”, or one backbone"):
        TrainingConfig(dataset_version=1, backbone=KEY, recipe=recipe)


def test_a_member_whose_weights_are_gone_stops_the_run_before_anything_is_made(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: False)
    monkeypatch.setattr("core.models.weights.store._WAIT_SECONDS", (0.01,))
    monkeypatch.setattr("core.models.weights.store.BUNDLED_PACKAGE", "gone_{key}")
    settings = TrainingConfig(dataset_version=1, backbone="efficientnet_lite0+efficientnet_lite1")
    run = digits_project.runs / "run-1"
    JobDirectory.create(run, JobKind.TRAIN, settings.to_json())
    with pytest.raises(WeightsError, match="The weights of EfficientNet-Lite0 are not installed"):
        train(run, settings.to_json(), QUIET)
    assert not head_file(run).exists()
