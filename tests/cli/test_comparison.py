"""Runs are compared on the same test pictures, and joined, from the command line."""

from __future__ import annotations

import json

import pytest

from core.__main__ import main
from core.cli import comparison
from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.evaluation.ensemble import EnsembleConfig
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.runs import start_runs
from core.workspace import Project
from tests.support.evaluated import evaluated_run


def test_runs_are_tested_against_the_first(
    digits_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two mistakes in the first; one of them, and another, in the second; none in the third."""
    dataset = open_dataset(digits_project)
    rows = dataset.rows(Split.TEST)
    for name, wrong in (("run-1", rows[:2]), ("run-2", rows[1:3]), ("run-3", rows[:0])):
        evaluated_run(digits_project, dataset, name, wrong)
    assert main(["compare", "run-1", "run-2", "run-3", "--json"]) == 0
    second, third = json.loads(capsys.readouterr().out)["comparisons"]
    assert (second["reference"], second["run"], second["fixed"], second["broken"]) == ("run-1", "run-2", 1, 1)
    assert (third["fixed"], third["broken"]) == (2, 0)
    accuracy = third["metrics"]["accuracy"]
    assert third["leading"] == {"code": "accuracy", **accuracy}
    assert accuracy["difference"] == pytest.approx(2 / 9)
    assert accuracy["interval"][0] < 0 < accuracy["interval"][1]
    # Mid-p of two fixed and none broken is 1/4; twice that for the smaller of two p-values (Holm).
    assert third["p_value"] == pytest.approx(1 / 2)
    assert "may be chance" in third["verdict"]
    assert third["pictures"]["pictures"] == 9


def test_runs_are_joined(
    digits_project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_runs, "launch", lambda job, **options: None)
    monkeypatch.setattr(comparison, "started", lambda job: {"run": job.name})
    dataset = open_dataset(digits_project)
    for name in ("run-1", "run-2"):
        evaluated_run(digits_project, dataset, name, dataset.rows(Split.TEST)[:1])
    assert main(["ensemble", "run-1", "run-2", "--weights", "3,1", "--detach", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    # Equal members gain nothing.
    assert (answer["gain"]["verdict"], answer["gain"]["test"]["difference"]) == ("none", 0)
    run = JobDirectory(digits_project.runs / answer["run"])
    assert run.kind is JobKind.ENSEMBLE
    assert EnsembleConfig.from_json(run.config()) == EnsembleConfig(
        dataset_version=1,
        members=("run-1", "run-2"),
        weights=(0.75, 0.25),
        backbones=("efficientnet_lite0",),
        input_size=224,
    )


def test_one_run_is_no_ensemble(digits_project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = open_dataset(digits_project)
    evaluated_run(digits_project, dataset, "run-1", dataset.rows(Split.TEST)[:1])
    assert main(["ensemble", "run-1", "--json"]) != 0
    assert "2 to 8 members" in capsys.readouterr().err
