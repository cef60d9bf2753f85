"""Several formats at once: one that is withheld leaves the others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.__main__ import main
from core.cli import exporting
from core.delivery.certificate.store import write_certificate
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.formats.web.page_format import WEB_PAGE
from core.jobs.directory import JobDirectory
from tests.support.certificates import certified


def test_a_file_that_is_withheld_with_its_source_leaves_the_others(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certified(finished_run, TFLITE, dogs_lost=3)
    WEB_PAGE.file(finished_run).write_text("<!doctype html>")
    write_certificate(finished_run, WEB_PAGE, replace(certified(finished_run, WEB_PAGE), check=None))
    # The job has nothing left to do.
    monkeypatch.setattr(exporting, "start_export", lambda *arguments: JobDirectory(tmp_path))
    monkeypatch.setattr(exporting, "run_to_end", lambda job: None)
    formats = ("tflite", "web_page", "keras")
    command = [
        "export",
        finished_run.name,
        "--format",
        *formats,
        "--output",
        str(tmp_path / "taken"),
        "--json",
    ]
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [file["format"] for file in answer["files"]] == ["keras"]
    assert answer["failed"].keys() == {"tflite", "web_page"}
    assert "withheld with the file that it is made from" in answer["failed"]["web_page"]


def test_a_place_that_cannot_be_written_is_said_before_the_work(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exporting, "start_export", lambda *arguments: pytest.fail("a job was started"))
    (tmp_path / "file").touch()
    for formats, output in ((["tflite"], tmp_path), (["tflite", "keras"], tmp_path / "file")):
        command = ["export", finished_run.name, "--format", *formats, "--output", str(output)]
        assert main(command) == 2
        assert "could not be written" in capsys.readouterr().err
