"""Readings of one source that give a few pictures other labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.formats.understanding import ConfirmationNeededError
from tests.support.formats import read
from tests.support.pictures import digit, write_folder


def folders_and_table(tmp_path: Path, *contradicted: int) -> Path:
    """60 pictures in two folders, and a table that gives some of them the other class."""
    files, rows = {}, ["file,label"]
    for number in range(60):
        label, other = ("cat", "dog") if number < 30 else ("dog", "cat")
        files[f"{label}/{number:02d}.png"] = digit(number)
        rows.append(f"{label}/{number:02d}.png,{other if number in contradicted else label}")
    return write_folder(tmp_path / "pets", {**files, "labels.csv": "\n".join(rows).encode()})


def test_a_contradiction_too_rare_to_ask_about_is_stated_with_an_example(tmp_path: Path) -> None:
    result = read(folders_and_table(tmp_path, 7))
    (note,) = [note for note in result.understanding.notes if note.kind == "other_reading"]
    assert note.count == 1
    assert note.values["example"] == "cat/07.png"
    assert {note.values["label"], note.values["other"]} == {"cat", "dog"}
    assert result.labels["07.png"] == note.values["label"]


def test_readings_that_agree_need_no_note(tmp_path: Path) -> None:
    notes = read(folders_and_table(tmp_path)).understanding.notes
    assert "other_reading" not in [note.kind for note in notes]


def test_more_contradictions_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(ConfirmationNeededError, match="can also be read as"):
        read(folders_and_table(tmp_path, 7, 40))
