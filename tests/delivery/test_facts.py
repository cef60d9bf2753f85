"""Export files carry the facts about their classifier."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core import __version__
from core.data.dataset import open_dataset
from core.delivery.facts import BackboneFacts, ModelFacts, digest_of_pictures, read_facts
from core.delivery.files import read_labels
from core.delivery.limits import use_limits
from core.delivery.thresholds import use_thresholds
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import read_report
from core.evaluation.strangers.chosen import AnswerLimits
from core.workspace import project_of


def test_facts_are_those_of_labels_evaluation_and_pictures(finished_run: Path) -> None:
    facts, report = read_facts(finished_run), read_report(finished_run)
    labels = read_labels(finished_run)
    assert {name: getattr(facts, name) for name in vars(labels)} == vars(labels)
    assert (facts.darkroom, facts.test_pictures) == (__version__, 9)
    assert {metric.code: metric.value for metric in facts.metrics} == report.metrics
    accuracy = next(metric for metric in facts.metrics if metric.code == "accuracy")
    assert accuracy.interval == report.accuracy_interval
    assert report.calibration is not None
    assert facts.temperatures == report.calibration.temperatures
    assert facts.dataset_version == open_dataset(project_of(finished_run)).version
    assert "224 x 224" in facts.preprocessing


def test_facts_name_the_licence_of_the_backbone(finished_run: Path) -> None:
    assert read_facts(finished_run).backbones == (
        BackboneFacts(
            key="efficientnet_lite0",
            name="EfficientNet-Lite0",
            source="Tan & Le 2019, arXiv 1905.11946; Lite: Liu 2020, TensorFlow Blog",
            licence="Apache-2.0",
        ),
    )


def test_facts_hold_a_limit_that_was_chosen_later(finished_run: Path) -> None:
    use_limits(finished_run, AnswerLimits(stranger_limit=2.5, least_confidence=0.25))
    facts = read_facts(finished_run)
    assert (facts.stranger_limit, facts.least_confidence) == (2.5, 0.25)


def test_facts_hold_the_metrics_of_the_chosen_thresholds(finished_run: Path) -> None:
    """Beside thresholds that change the answers, the metrics of the default would be another classifier's."""
    evaluated = EvaluatedRun.open(finished_run)
    use_thresholds(evaluated, (0.0, None, None))
    facts = read_facts(finished_run)
    values = {metric.code: metric.value for metric in facts.metrics}
    assert facts.thresholds == (0.0, None, None)
    assert values["accuracy"] == evaluated.test.targets[:, 0].mean() != evaluated.report.accuracy


def test_facts_survive_json(finished_run: Path) -> None:
    facts = read_facts(finished_run)
    assert ModelFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


@pytest.mark.parametrize("change", [{"label": "8"}, {"split": "train"}])
def test_the_digest_of_the_pictures_changes_with_a_label_or_the_split(
    finished_run: Path, change: dict[str, str]
) -> None:
    dataset = open_dataset(project_of(finished_run))
    before = digest_of_pictures(dataset)
    changed = dataset.pictures.copy()
    row = changed.index[(changed["label"] == "3") & (changed["split"] == "test")][0]
    for column, value in change.items():
        changed.loc[row, column] = value
    assert digest_of_pictures(replace(dataset, pictures=changed)) != before
