"""The command ``archive``: a project as one file, and back, by the jobs that the pages start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.data.dataset import open_dataset
from core.workspace import get_project, jobs_folder, project_of
from tests.support.archives import saved
from tests.support.command_line import answer_here


def test_a_project_is_saved_and_opened_under_another_name(
    finished_run: Path, workspace: Path, tmp_path: Path
) -> None:
    file = tmp_path / "digits.zip"
    answer = answer_here(workspace, "archive", "--project", "digits", "--out", file)
    assert answer["path"] == str(file)
    assert answer["size_bytes"] == file.stat().st_size
    assert answer["runs"] == [finished_run.name]
    assert answer["reproduces"] == finished_run.name
    assert (answer["resumable"], answer["missing_pictures"]) == ([], 0)
    answer = answer_here(workspace, "archive", "--restore", file, "--as", "Again")
    assert answer == {
        "project": "Again",
        "dataset_version": 1,
        "runs": [finished_run.name],
        "resumable": [],
        "missing_pictures": 0,
    }
    assert open_dataset(get_project("Again")).digest == open_dataset(project_of(finished_run)).digest
    # The user's own file stays.
    assert file.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--restore FILE opens one"),
        (("--project", "digits"), "--output FILE saves a project"),
        (("--project", "digits", "--out", "x.zip", "--runs", "run-9"), "no run called “run-9”"),
        (("--project", "nothing", "--out", "x.zip"), "no project called “nothing”"),
        (("--restore", "absent.zip"), "There is no file absent.zip"),
    ],
)
def test_mistakes_are_one_sentence_with_exit_code_2(
    arguments: tuple[str, ...],
    sentence: str,
    finished_run: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["archive", *arguments]) == 2
    assert sentence in capfd.readouterr().err
    assert not (tmp_path / "x.zip").exists()
    assert not jobs_folder().exists()


def test_a_name_that_is_taken_is_asked_for_before_anything_is_unpacked(
    finished_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    saved(project_of(finished_run), tmp_path / "digits.zip")
    assert main(["archive", "--restore", str(tmp_path / "digits.zip"), "--json"]) == 2
    captured = capfd.readouterr()
    assert "There is already a project called “digits”. Choose another name." in captured.err
    with pytest.raises(json.JSONDecodeError):
        json.loads(captured.out)


def test_a_folder_cannot_be_the_file(finished_run: Path, tmp_path: Path, workspace: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert main(["archive", "--project", "digits", "--output", str(tmp_path / "folder")]) == 2
    assert list((tmp_path / "folder").iterdir()) == []
