"""Backbone commands: backbones, weights, bakeoff."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.__main__ import main
from core.jobs.directory import list_jobs
from core.jobs.kinds import JobKind
from core.models.backbones import BACKBONES, get_backbone
from core.models.weights.store import supplied_path, weights_path
from core.workspace import Project

LITE0 = "efficientnet_lite0"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: False)


def test_a_weight_file_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backbone = get_backbone("efficientnet_lite2")
    file = tmp_path / "from a stick.pth"
    shutil.copyfile(weights_path(backbone), file)
    assert main(["weights", "import", str(file), "--json"]) == 0
    target = supplied_path(backbone)
    assert json.loads(capsys.readouterr().out) == {
        "backbone": "efficientnet_lite2",
        "name": "EfficientNet-Lite2",
        "path": str(target),
        "bytes": file.stat().st_size,
    }
    assert target.read_bytes() == file.read_bytes()


def test_another_file_is_refused_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no weights")
    assert main(["weights", "import", str(file), "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("darkroom: notes.txt is not a weight file that Darkroom knows.")


def test_the_list_says_how_each_backbone_gets_its_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backbones", "--json"]) == 0
    listed = {entry["key"]: entry for entry in json.loads(capsys.readouterr().out)["backbones"]}
    assert list(listed) == list(BACKBONES)
    assert [listed[key]["weights"] for key in ("efficientnet_lite1", "vgg16", "vit")] == [
        "bundled",
        "to_be_supplied",
        "not_needed",
    ]
    assert listed["vgg16"]["family"] == "VGG"
    assert listed["vgg16"]["weights_file"] == "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


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
    (job,) = [one for one in list_jobs(digits_project.jobs) if one.kind is JobKind.BAKEOFF]
    assert job.config()["backbones"] == [LITE0]


def test_a_backbone_that_cannot_be_tried_is_refused_before_anything_starts(
    digits_project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["bakeoff", "--project", digits_project.name, "--backbones", "small_cnn"]) == 2
    assert "Small CNN has no pretrained weights" in capfd.readouterr().err
    assert list_jobs(digits_project.jobs) == []


def test_an_adaptation_is_refused_in_a_sentence(
    digits_project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too few pictures, a backbone that cannot be adapted, and one to resume that is not there."""
    monkeypatch.setattr("core.training.adaptation.pictures.LEAST_PICTURES", 10**6)
    for arguments, sentence in (
        ([], "pictures can adapt the backbone, and it takes at least 1000000"),
        (["--backbone", "small_cnn"], "Small CNN cannot be adapted"),
        (["--resume", "adaptation-9"], "has no adaptation called “adaptation-9”"),
    ):
        assert main(["adapt", "--project", digits_project.name, "--json", *arguments]) == 2
        assert sentence in capsys.readouterr().err
