"""Metrics and thresholds of a run on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.data.dataset import open_dataset
from core.delivery.thresholds import use_thresholds
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import choose_metric
from core.evaluation.report import predictions_file, read_predictions, report_file
from core.files import read_json, write_json
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import Project, project_of
from tests.support.evaluated import evaluated_run


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_only_the_metrics_that_are_asked_for_are_printed(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "evaluate", finished_run.name, "--metrics", "accuracy", "matthews")
    report = EvaluatedRun.open(finished_run).report
    assert found["metrics"]["accuracy"] == {
        "value": report.accuracy,
        "interval": list(report.accuracy_interval),
        "majority": report.majority_baseline,
    }
    assert found["metrics"].keys() == {"accuracy", "matthews"}
    assert "test" not in found


def test_a_run_of_an_older_version_counts_pictures_without_an_answer(
    digits_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of 9 has no probabilities (NaN), which the older version took for a right answer."""
    dataset = open_dataset(digits_project)
    run = evaluated_run(digits_project, dataset, "run-1", np.array([], int))
    table = read_predictions(run)
    nothing = np.full(len(dataset.class_names), np.nan, np.float32)
    table["confidence"] = [*table["confidence"][:-1], np.nan]
    table["probabilities"] = [*table["probabilities"][:-1], nothing]
    table.to_parquet(predictions_file(run), index=False)
    stored = read_json(report_file(run))
    del stored["unanswered"]
    write_json(report_file(run), stored)
    found = answer(capsys, "evaluate", "run-1", "--metrics", "accuracy")
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(8 / 9)
    assert found["unanswered"] == 1


def test_an_unknown_metric_is_refused_with_the_known_ones(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", finished_run.name, "--metrics", "micro_f1", "--json"]) != 0
    assert "accuracy, balanced_accuracy" in "".join(capsys.readouterr())


def test_the_metric_that_matters_stands_beside_the_majority_and_the_chosen_thresholds(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a threshold of 0 every 8 is found."""
    evaluated = EvaluatedRun.open(finished_run)
    names = evaluated.dataset.class_names
    metric = LeadingMetric(kind=LeadingKind.RECALL, class_names=names, class_name="8")
    choose_metric(project_of(finished_run), metric)
    use_thresholds(evaluated, (None, None, 0.0))
    found = answer(capsys, "evaluate", finished_run.name, "--metrics", "leading")
    leading = found["metrics"]["leading"]
    assert (leading["metric"], leading["class"]) == ("recall", "8")
    assert leading["value"] == evaluated.report.classes[2].recall
    assert leading["majority"] == 0
    assert leading["with_chosen_thresholds"]["value"] == 1
    assert found["thresholds"] == {"chosen": True, "in_use": {"8": 0.0}}


def test_prediction_names_the_answer_where_a_threshold_decides_it(
    finished_run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    picture = tmp_path / "picture.png"
    row = int(evaluated.dataset.pictures.index[evaluated.dataset.pictures["label"] == "3"][0])
    picture.write_bytes(evaluated.dataset.picture_bytes(row))
    (plain,) = answer(capsys, "predict", finished_run.name, str(picture))["predictions"]
    assert "labels" not in plain
    use_thresholds(evaluated, (None, None, 0.0))
    (decided,) = answer(capsys, "predict", finished_run.name, str(picture))["predictions"]
    assert decided["labels"] == ["8"]
    assert decided["classes"] == plain["classes"]
