"""Backbones are tried from the command line, with an answer that scripts can read."""

from __future__ import annotations

import json

import pytest

from core.__main__ import main
from core.jobs.directory import list_jobs
from core.workspace import Project

LITE0 = "efficientnet_lite0"


def test_a_bake_off_answers_with_figures_choice_and_reason(
    digits_project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["bakeoff", "--project", digits_project.name, "--backbones", f" {LITE0}, {LITE0}", "--json"]
    assert main(arguments) == 0, capfd.readouterr().err
    answer = json.loads(capfd.readouterr().out)
    (entry,) = answer["bakeoff"]
    assert entry["backbone"] == LITE0
    assert entry["name"] == "EfficientNet-Lite0"
    assert entry["interval"][0] <= entry["validation_accuracy"] <= entry["interval"][1]
    assert entry["milliseconds"] > 0
    assert entry["bytes"] > 10**6
    assert entry["seconds"] > 0
    assert answer["choice"] == LITE0
    assert answer["reason"].startswith("EfficientNet-Lite0 is the only one tried")
    assert answer["state"] == "finished"
    (job,) = [one for one in list_jobs(digits_project.jobs) if one.kind == "bakeoff"]
    assert job.config()["backbones"] == [LITE0]


def test_a_backbone_that_cannot_be_tried_is_refused_before_anything_starts(
    digits_project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["bakeoff", "--project", digits_project.name, "--backbones", "small_cnn"]) == 2
    assert "Small CNN has no pretrained weights" in capfd.readouterr().err
    assert list_jobs(digits_project.jobs) == []
