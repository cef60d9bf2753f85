"""The command ``judge``: a model made elsewhere beside a run, or one sentence and exit code 2."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from core.__main__ import main
from core.data.dataset import open_dataset
from core.data.editing.labels import exclude
from core.files import read_json, write_json
from core.workspace import Project, project_of
from tests.support.foreign_models import COLOURS, colour_model, import_colours, to_tflite


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    file = tmp_path / "theirs.tflite"
    file.write_bytes(to_tflite(colour_model()))
    return file


def test_a_model_is_judged_beside_the_newest_run(
    finished_run: Path, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Digits are grey, so the colours say nothing; the classes are mapped by hand."""
    pairs = ["--map", "0=3", "1=5", "2=8"]
    code = main(["judge", str(theirs), "--project", "digits", *pairs, "--preprocessing", "unit", "--json"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    answer = json.loads(printed.out)
    assert answer["mapping"] == {"0": "3", "1": "5", "2": "8"}
    assert (answer["preprocessing"], answer["guessed_on"]) == ("unit", 0)
    assert answer["test"]["pictures"] == 9
    comparison = answer["comparison"]
    assert (comparison["reference"], comparison["run"]) == ("theirs", finished_run.name)
    right = answer["test"]["correct"] + comparison["fixed"] - comparison["broken"]
    assert comparison["metrics"]["accuracy"]["run"] == pytest.approx(right / 9)


def test_a_run_without_its_pictures_is_no_reason_to_judge_nothing(
    finished_run: Path, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest run's version is gone; the model is tested on the newest pictures."""
    project = project_of(finished_run)
    exclude(project, [open_dataset(project).pictures["id"].iloc[0]])
    record = read_json(finished_run / "config.json")
    gone = record["config"] | {"dataset_version": 7}
    write_json(finished_run / "config.json", record | {"config": gone})
    pairs = [argument for pair in ("0=3", "1=5", "2=8") for argument in ("--map", pair)]
    code = main(["judge", str(theirs), "--project", "digits", *pairs, "--preprocessing", "unit", "--json"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    answer = json.loads(printed.out)
    assert (answer["dataset_version"], answer["comparison"]) == (2, None)


def test_a_run_of_another_project_is_refused(
    finished_run: Path, tmp_path: Path, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_colours(tmp_path / "source")
    assert main(["judge", str(theirs), "--project", "colours", "--run", finished_run.name]) == 2
    assert "is a run of project “digits”, not of “colours”" in capsys.readouterr().err


def test_without_a_run_the_model_stands_alone(
    tmp_path: Path, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_colours(tmp_path / "source")
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(COLOURS))
    assert main(["judge", str(theirs), "--project", "colours", "--labels", str(labels), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["test"]["accuracy"], answer["comparison"]) == (1.0, None)
    assert answer["network"] in {"system", "python"}


def test_the_answer_of_a_model_that_is_not_square_is_printed_without_robustness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The judgement was made, and took its time."""
    import_colours(tmp_path / "source")
    wide, labels = tmp_path / "wide.tflite", tmp_path / "labels.txt"
    wide.write_bytes(to_tflite(colour_model(shape=(16, 32, 3))))
    labels.write_text("\n".join(COLOURS))
    command = ["judge", str(wide), "--project", "colours", "--labels", str(labels), "--robustness", "--json"]
    capsys.readouterr()  # of the conversion
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["test"]["accuracy"] == 1.0
    assert answer["robustness"] == {
        "refused": "The pictures of this model are 32 × 16 pixels. Robustness is tested on square ones alone."
    }


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("model.pt", "model.pt is a pickle"),
        ("model.pkl", "Export the model as ONNX"),
        ("notes.txt", "Possible are Keras (.keras, .h5), TFLite"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_words_of_judging(
    name: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Class folders in a zip file, which an import asks for, are no model."""
    import_colours(tmp_path / "source")
    file = tmp_path / name
    file.write_bytes(pickle.dumps({"weights": [1.0]}))
    assert main(["judge", str(file), "--project", "colours", "--json"]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "class folders" not in error


def test_what_cannot_be_judged_leaves_nothing_behind(
    tmp_path: Path, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project: Project = import_colours(tmp_path / "source")
    for arguments, sentence in (
        ([str(theirs)], "no class in common"),
        ([str(theirs), "--map", "0=yellow"], "maps nothing"),
        ([str(theirs), "--preprocessing", "half"], "no preprocessing"),
        ([str(tmp_path / "missing.tflite")], "There is no file or folder"),
    ):
        assert main(["judge", *arguments, "--project", "colours", "--json"]) == 2
        assert sentence in capsys.readouterr().err
        assert not list(project.judged.glob("*"))
