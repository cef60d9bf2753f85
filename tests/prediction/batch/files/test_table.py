"""Files with the answers of a batch: complete, safe in spreadsheets, and readable by programs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from core.__main__ import main
from core.data.labels.task import Task
from core.data.skip_reasons import Reason, SkipReason
from core.errors import ConfigError, NotFoundError
from core.prediction.batch.batches import Batch
from core.prediction.batch.files.result_format import ResultFormat
from core.prediction.batch.files.sorting import sort_into, zip_chunks
from core.prediction.batch.files.table import RESULT_FORMATS, find_result_format, write_result
from core.workspace import Project, open_staging, publish_project
from tests.support.batches import answered_batch, labels_of, sets_from
from tests.support.pictures import digit, write_folder
from tests.support.tables import extend_table

FILES = {
    "=1+1.png": digit(0),
    "bad.png": b"none",
    "far.png": digit(2),
    "no idea.png": digit(3),
    "plain.png": digit(4),
}
# Of all but bad.png: sure, a stranger, unsure, sure.
PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2], [0.45, 0.55], [0.2, 0.8]], np.float32)
SCORES = np.array([0.5, 9.0, 0.5, 0.25], np.float32)
NO_PICTURE = Reason(code=SkipReason.NOT_A_PICTURE)
# One that a spreadsheet would compute, and one that is called like a folder of its own.
CLASSES = ("=cmd|x", "unsure")


@pytest.fixture
def project() -> Project:
    return publish_project(open_staging(), "Pets")


@pytest.fixture
def batch(project: Project, tmp_path: Path) -> Batch:
    return answered_batch(
        project,
        [write_folder(tmp_path / "pictures", FILES)],
        labels_of(*CLASSES, stranger_limit=1.0, least_confidence=0.6),
        PROBABILITIES,
        scores=SCORES,
        sets=sets_from(0.4, 0.5),
        reasons=[None, NO_PICTURE, None, None, None],
    )


def written(batch: Batch, code: str, folder: Path) -> Path:
    result_format = find_result_format(code)
    path = folder / f"answers{result_format.suffix}"
    write_result(batch, result_format, path)
    return path


def test_csv_has_a_row_for_each_picture_and_no_formula(batch: Batch, tmp_path: Path) -> None:
    data = written(batch, "csv", tmp_path).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [(row["file"], row["status"], row["answer"]) for row in rows] == [
        ("'=1+1.png", "answered", "'=cmd|x"),
        ("bad.png", "unreadable", ""),
        ("far.png", "stranger", "'=cmd|x"),
        ("no idea.png", "unsure", "unsure"),
        ("plain.png", "answered", "unsure"),
    ]
    assert rows[1]["reason"] == "it is not a picture, or of a kind that cannot be read"
    assert rows[3]["prediction set"] == "'=cmd|x; unsure"
    assert [float(rows[0][f"probability of {name}"]) for name in CLASSES] == [0.9, 0.1]
    assert float(rows[2]["stranger score"]) == 9.0


def test_excel_cells_are_text_or_numbers(batch: Batch, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(batch, "excel", tmp_path)).active
    assert sheet is not None
    assert sheet.max_row == 1 + len(FILES)
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {
        "s",
        "n",
    }
    assert sheet["A2"].value == "=1+1.png"
    assert sheet["D2"].value == pytest.approx(0.9)


def test_json_lines_hold_everything_about_a_picture(batch: Batch, tmp_path: Path) -> None:
    lines = written(batch, "jsonl", tmp_path).read_text(encoding="utf-8").splitlines()
    first, bad, *_ = map(json.loads, lines)
    assert first["classes"] == pytest.approx({"=cmd|x": 0.9, "unsure": 0.1})
    assert (first["status"], first["labels"], first["prediction_set"]) == ("answered", ["=cmd|x"], ["=cmd|x"])
    assert bad["error"]["code"] == "not_a_picture"
    assert bad["classes"] == {}
    assert len(lines) == len(FILES)


def test_pictures_are_sorted_into_safe_folders(batch: Batch, tmp_path: Path) -> None:
    """The zip can be read as a stream, so it is never in memory or on disk as a whole."""
    with zipfile.ZipFile(written(batch, "zip", tmp_path)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found.pop("answers.csv").startswith(b"\xef\xbb\xbf")
    assert found == {
        "_cmd_x/_1_1.png": FILES["=1+1.png"],
        "unreadable/bad.png": FILES["bad.png"],
        "none of these/far.png": FILES["far.png"],
        "unsure/no idea.png": FILES["no idea.png"],
        "unsure (2)/plain.png": FILES["plain.png"],
    }
    assert len(list(zip_chunks(batch))) > len(FILES)


def test_files_that_are_gone_are_named(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "pictures" / "plain.png").unlink()
    sort_into(batch, tmp_path / "sorted")
    assert "plain.png" in (tmp_path / "sorted" / "not copied.txt").read_text(encoding="utf-8")
    assert (tmp_path / "sorted" / "unsure" / "no idea.png").read_bytes() == FILES["no idea.png"]


def test_pictures_are_not_mixed_into_a_folder_with_content(batch: Batch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not empty"):
        sort_into(batch, tmp_path / "pictures")


def test_a_picture_with_several_labels_lies_in_the_folder_of_each(project: Project, tmp_path: Path) -> None:
    batch = answered_batch(
        project,
        [write_folder(tmp_path / "pictures", {"both.png": digit(1), "none.png": digit(2)})],
        labels_of("cat", "dog", task=Task.MULTI_LABEL, thresholds=(0.5, 0.5)),
        np.array([[0.9, 0.8], [0.1, 0.2]], np.float32),
    )
    sort_into(batch, tmp_path / "sorted")
    found = {path.relative_to(tmp_path / "sorted").as_posix() for path in tmp_path.glob("sorted/*/*")}
    assert found == {"cat/both.png", "dog/both.png", "no label/none.png"}


def test_names_that_occur_twice_are_told_apart(project: Project, tmp_path: Path) -> None:
    folders = [write_folder(tmp_path / name, {"x.png": digit(index)}) for index, name in enumerate("ab")]
    batch = answered_batch(project, folders, labels_of("cat"), np.ones((2, 1), np.float32))
    sort_into(batch, tmp_path / "sorted")
    assert (tmp_path / "sorted" / "cat" / "x.png").read_bytes() == digit(0)
    assert (tmp_path / "sorted" / "cat" / "x (2).png").read_bytes() == digit(1)
    text = written(batch, "csv", tmp_path).read_text(encoding="utf-8-sig")
    assert [row["file"] for row in csv.DictReader(io.StringIO(text))] == ["a/x.png", "b/x.png"]


def test_an_unknown_format_is_said_plainly() -> None:
    known = ", ".join(result_format.code for result_format in RESULT_FORMATS)
    with pytest.raises(NotFoundError, match=f"Choose from: {known}"):
        find_result_format("pdf")


def test_a_new_format_is_written_by_its_row_alone(
    batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ResultFormat(
        code="throwaway",
        label="Throwaway",
        suffix=".txt",
        media_type="text/plain",
        chunks=lambda batch: iter([b"its ", b"own"]),
    )
    extend_table(monkeypatch, RESULT_FORMATS, row)
    file = tmp_path / "answers.txt"
    assert main(["batch", "write", batch.job.name, "--throwaway", str(file)]) == 0
    assert file.read_bytes() == b"its own"
