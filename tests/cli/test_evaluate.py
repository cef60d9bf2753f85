"""Command ``evaluate``: the robustness test and the advice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.__main__ import main
from core.delivery.files import read_labels
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.corruptions import CORRUPTIONS
from core.evaluation.robustness.records import read_robustness
from core.training.artifacts import head_file
from tests.support.command_line import answer_here
from tests.support.pictures import digit


def test_the_robustness_test_runs_to_its_end_and_is_printed(finished_run: Path, workspace: Path) -> None:
    answer = answer_here(workspace, "evaluate", finished_run.name, "--robustness")
    report = read_robustness(EvaluatedRun.open(finished_run))
    assert report is not None
    assert answer["robustness"] == report.to_json()
    assert [row["code"] for row in answer["robustness"]["corruptions"]] == [row.code for row in CORRUPTIONS]


def test_a_run_that_lost_its_weights_is_not_tested_for_robustness(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its files can be deleted by hand, to save space."""
    head_file(finished_run).unlink()
    assert main(["evaluate", finished_run.name, "--robustness", "--json"]) == 2
    assert f"The weights of run “{finished_run.name}” are missing" in capsys.readouterr().err


def test_a_run_that_lost_its_weights_is_not_explained(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "digit.png"
    picture.write_bytes(digit(3))
    head_file(finished_run).unlink()
    assert main(["evaluate", finished_run.name, "--explain", str(picture), "--json"]) == 2
    assert f"The weights of run “{finished_run.name}” are missing" in capsys.readouterr().err


def test_advice_stands_beside_the_metrics(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nine test pictures are too few to tell."""
    assert main(["evaluate", finished_run.name, "--json"]) == 0
    advice = {row["code"]: row for row in json.loads(capsys.readouterr().out)["advice"]}
    assert advice["small_test_set"]["reason"].startswith("With 9 test pictures")
    assert advice["small_test_set"]["page"] == "data"


def test_metrics_are_printed_after_the_pictures_were_erased(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(EvaluatedRun.open(finished_run).dataset.folder / "versions")
    assert main(["evaluate", finished_run.name, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["test"]["pictures"] == 9
    assert answer["advice"] == []


def test_slices_and_calibration_are_printed_on_request(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The slices of a kind divide the nine test pictures among them."""
    command = ["evaluate", finished_run.name, "--slices", "--calibration", "--metrics", "accuracy", "--json"]
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)
    of_class = {row["slice"]: row for row in answer["slices"] if row["kind"] == "class"}
    assert sum(row["pictures"] for row in of_class.values()) == 9
    report = EvaluatedRun.open(finished_run).report
    assert {name: row["accuracy"] for name, row in of_class.items()} == {
        row.name: pytest.approx(row.recall) for row in report.classes
    }
    assert report.calibration is not None
    assert answer["calibration"] == report.calibration.to_json()


def test_thresholds_are_set_and_cleared(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As on the page: predictions and exports answer by them."""
    command = ["evaluate", finished_run.name, "--json"]
    assert main([*command, "--set-threshold", "3=0.7", "8=0.25"]) == 0
    assert json.loads(capsys.readouterr().out)["thresholds"] == {
        "chosen": True,
        "in_use": {"3": 0.7, "8": 0.25},
    }
    assert read_labels(finished_run).thresholds == (0.7, None, 0.25)
    assert main([*command, "--clear-thresholds", "--set-threshold", "5=0"]) == 0
    assert json.loads(capsys.readouterr().out)["thresholds"]["in_use"] == {"5": 0.0}
    assert main([*command, "--clear-thresholds"]) == 0
    assert json.loads(capsys.readouterr().out)["thresholds"] == {"chosen": False, "in_use": {}}
    assert read_labels(finished_run).thresholds is None
    assert main([*command, "--set-threshold", "3=0.7", "5=0.1", "--set-threshold", "8=0.25"]) == 0
    assert json.loads(capsys.readouterr().out)["thresholds"]["in_use"] == {"3": 0.7, "5": 0.1, "8": 0.25}


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        (
            "nine=0.5",
            "“nine=0.5” names no class of this run. Write “=” and a threshold behind one of: 3, 5, 8.",
        ),
        ("3", "“3” names no class of this run"),
        ("3=1.5", "The threshold “1.5” of 3 is no probability. It must lie between 0 and 1."),
        ("3=nan", "The threshold “nan” of 3 is no probability"),
    ],
)
def test_a_threshold_that_is_none_is_one_sentence(
    finished_run: Path, capsys: pytest.CaptureFixture[str], pair: str, sentence: str
) -> None:
    assert main(["evaluate", finished_run.name, "--set-threshold", pair]) == 2
    assert sentence in capsys.readouterr().err
    assert read_labels(finished_run).thresholds is None
