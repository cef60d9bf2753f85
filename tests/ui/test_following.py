"""Incremental reading of growing files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.files import append_json_line, keep_first_lines, write_json
from core.jobs.directory import JobDirectory
from core.records import Record, write_record
from core.training.records import LiveState, ValidationPredictions
from pages.ui.following import GrowingFile, batches_of, delivered_of, epochs_of, live_of


@dataclass(frozen=True, kw_only=True)
class Line(Record):
    """Line of a growing file."""

    n: int


def numbers(file: GrowingFile[Line]) -> list[int]:
    return [record.n for record in file.read()]


def test_only_new_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    append_json_line(path, {"n": 1})
    file = GrowingFile(path, Line)
    assert numbers(file) == [1]
    first = file.records[0]
    append_json_line(path, {"n": 2})
    assert numbers(file) == [1, 2]
    assert file.records[0] is first, "a page reads several times a second: a line is parsed once"


def test_a_partial_line_is_read_once_complete(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"n": 1}\n{"n":')
    file = GrowingFile(path, Line)
    assert numbers(file) == [1]
    with path.open("a") as stream:
        stream.write(" 2}\n")
    assert numbers(file) == [1, 2]


def test_a_damaged_line_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"n": 1}\n{"n": 2\n')
    append_json_line(path, {"n": 3})
    assert numbers(GrowingFile(path, Line)) == [1, 3]


def test_a_truncated_file_is_read_from_the_start(tmp_path: Path) -> None:
    """A resumed run drops the records after its last checkpoint."""
    path = tmp_path / "lines.jsonl"
    for n in range(5):
        append_json_line(path, {"n": n})
    file = GrowingFile(path, Line)
    file.read()
    keep_first_lines(path, 2)
    for n in (7, 8, 9):
        append_json_line(path, {"n": n})
    assert numbers(file) == [0, 1, 7, 8, 9]


def test_a_deleted_file_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    append_json_line(path, {"n": 1})
    file = GrowingFile(path, Line)
    file.read()
    path.unlink()
    assert numbers(file) == []


def test_an_ended_run_shows_no_other_epoch_than_the_delivered_one(tmp_path: Path) -> None:
    """Older versions left the last epoch's confusion in ``live.json``."""
    job = JobDirectory(tmp_path)
    write_json(tmp_path / "live.json", {"epoch": 9, "best_epoch": 4, "confusion": [[1]], "examples": []})
    assert delivered_of(job) == LiveState(epoch=9, best_epoch=4)
    folder = tmp_path / "checkpoints" / "best-00004"
    folder.mkdir(parents=True)
    write_json(tmp_path / "checkpoints" / "best.json", {"folder": folder.name})
    write_record(folder / "predictions.json", ValidationPredictions(epoch=4, confusion=((2,),)))
    assert delivered_of(job) == LiveState(epoch=4, best_epoch=4, confusion=((2,),))


def test_a_run_without_files_shows_nothing(tmp_path: Path) -> None:
    job = JobDirectory(tmp_path)
    assert (epochs_of(job), batches_of(job), live_of(job)) == ([], [], None)
    write_json(tmp_path / "live.json", {"epoch": 3})
    append_json_line(tmp_path / "metrics.jsonl", {"epoch": 3})
    assert [record.epoch for record in epochs_of(job)] == [3]
    assert live_of(job) == LiveState(epoch=3)
