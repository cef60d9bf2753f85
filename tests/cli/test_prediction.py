"""``predict`` and ``batch``: from pictures, folders and archives to answers and files."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState, JobStatus
from core.prediction.batch.job import predict_batch
from core.progress import QuietProgress
from core.runs import batches
from tests.support.command_line import PATIENCE_SECONDS, answer_of, start_command
from tests.support.pictures import digit, write_folder, write_zip

DIGITS = {f"{number:02d}.png": digit(number) for number in range(6)}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are worked on in this process, before the command waits for them."""

    def work(job: JobDirectory) -> None:
        result = predict_batch(job.path, job.config(), QuietProgress())
        assert result["counts"]
        job.write_status(JobStatus(state=JobState.FINISHED))
        (job.path / "process.json").write_text('{"pid": 1, "started": 1.0}')

    monkeypatch.setattr(batches, "launch", work)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    code = main([*map(str, arguments), "--json"])
    output = capsys.readouterr()
    assert code == 0, output.err
    return dict(json.loads(output.out))


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([*map(str, arguments), "--json"]) == 2
    return capsys.readouterr().err


def test_single_pictures_keep_their_shape_and_gain_the_prediction_set(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "digits", DIGITS)
    found = answer(capsys, "predict", finished_run.name, folder / "00.png", folder / "01.png")
    assert [one["picture"] for one in found["predictions"]] == [
        str(folder / "00.png"),
        str(folder / "01.png"),
    ]
    for one in found["predictions"]:
        assert one["set"]["promise"] == 0.9
        names = [guess["name"] for guess in one["classes"]]
        assert one["set"]["classes"] == names[: len(one["set"]["classes"])]


@pytest.mark.usefixtures("at_once")
def test_a_folder_is_a_batch_with_files(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_zip(tmp_path / "digits.zip", DIGITS | {"bad.png": b"none"})
    found = answer(
        capsys,
        *("predict", finished_run.name, source),
        *("--csv", tmp_path / "a.csv", "--jsonl", tmp_path / "a.jsonl", "--excel", tmp_path / "a.xlsx"),
        *("--sort-into", tmp_path / "sorted"),
    )
    assert (found["pictures"], found["unreadable"]) == (7, 1)
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert len(lines) == 7
    assert (tmp_path / "a.csv").read_text(encoding="utf-8-sig").count("\n") == 8
    assert (tmp_path / "a.xlsx").stat().st_size > 0
    assert (tmp_path / "sorted" / "unreadable" / "bad.png").exists()
    again = answer(capsys, "batch", "write", found["batch"], "--zip", tmp_path / "a.zip")
    assert again["zip"] == str(tmp_path / "a.zip")
    assert answer(capsys, "batch", "delete", found["batch"])["deleted"]
    assert "There is no batch called" in refusal(capsys, "batch", "write", found["batch"])


@pytest.mark.usefixtures("at_once")
def test_bad_input_is_said_plainly(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, run = write_folder(tmp_path / "digits", DIGITS), finished_run.name
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04")
    for arguments, sentence in [
        (("run-9", folder), "There is no run called “run-9”"),
        ((run, tmp_path / "nowhere.png"), "cannot be read: No such file"),
        ((run, tmp_path / "nowhere", "--csv", tmp_path / "a.csv"), "There is no file or folder"),
        ((run, tmp_path / "cut.zip"), "is cut off"),
        ((run, folder, "--sort-into", folder), "is not empty"),
    ]:
        assert sentence in refusal(capsys, "predict", *arguments)


def test_a_place_that_cannot_be_written_is_said_before_the_work(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(batches, "launch", lambda job: pytest.fail("a batch was started"))
    folder = write_folder(tmp_path / "digits", DIGITS)
    (tmp_path / "file").touch()
    for output in (folder, tmp_path / "file" / "a.csv"):
        complaint = refusal(capsys, "predict", finished_run.name, folder, "--csv", output)
        assert f"{output} could not be written" in complaint


def test_ctrl_c_stops_a_batch_and_it_can_go_on(finished_run: Path, workspace: Path, tmp_path: Path) -> None:
    source = write_folder(tmp_path / "digits", {f"{n:03d}.png": digit(n) for n in range(400)})
    process = start_command(workspace, "predict", finished_run.name, source)
    name = _started_batch(process)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, complaints
    assert f"batch resume {name}" in complaints
    found = answer_of(start_command(workspace, "batch", "resume", name))
    assert found["pictures"] == 400


def _started_batch(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    words = process.stderr.readline().split()
    assert words[0] == "batch", words
    return words[1]
