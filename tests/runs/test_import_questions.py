"""An import of a source that can be misunderstood asks, keeps the files and takes an answer."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from core.data.dataset import open_dataset
from core.data.formats.doubts import DoubtKind
from core.data.import_result import ImportResult
from core.data.version_record import read_version_record
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.runs.import_questions import (
    ImportQuestion,
    answer,
    as_understood,
    cancel_import,
    open_questions,
    read_as,
)
from core.runs.start_imports import start_import
from core.runs.temporary_jobs import remove_old_jobs
from core.workspace import get_project, jobs_folder
from tests.support.pictures import class_folders, write_folder, write_zip

PARTS = class_folders({"train": 4, "test": 3})


def asked(tmp_path: Path) -> ImportQuestion:
    """The question of an uploaded zip whose folders are parts of a split."""
    data = write_zip(tmp_path / "pets.zip", PARTS).read_bytes()
    assert wait_for(start_import("Pets", upload=("pets.zip", io.BytesIO(data).read))) is JobState.FAILED
    (question,) = open_questions()
    return question


def archives() -> list[Path]:
    return list(jobs_folder().rglob("*.zip"))


def result(job: JobDirectory) -> ImportResult:
    assert wait_for(job) is JobState.FINISHED
    return ImportResult.from_json(job.result() or {})


def test_a_confirmed_source_is_imported_and_its_upload_removed(tmp_path: Path) -> None:
    question = asked(tmp_path)
    assert [doubt.kind for doubt in question.understanding.doubts] == [DoubtKind.CLASSES_ARE_PARTS]
    assert sorted(question.thumbnails) == [0, 1, 2, 3, 4, 5]
    imported = result(answer(question, as_understood(question)))
    assert imported.classes == {"test": 3, "train": 4}
    assert imported.understanding is not None
    assert imported.understanding.format == "folders"
    assert (open_questions(), archives()) == ([], [])


def test_a_source_is_asked_about_again_after_an_answer_that_fails(tmp_path: Path) -> None:
    """Otherwise five gigabytes have to be uploaded again."""
    question = asked(tmp_path)
    assert wait_for(answer(question, read_as(question, "coco"))) is JobState.FAILED
    (again,) = open_questions()
    assert again.job.name != question.job.name
    assert again.understanding == question.understanding
    imported = result(answer(again, read_as(again, "unlabelled")))
    assert open_dataset(get_project("Pets")).all_pictures["label"].tolist() == [""] * 7
    assert imported.understanding is not None
    assert imported.understanding.unlabelled == 7
    assert archives() == []


def made_older(job: JobDirectory, seconds: float) -> None:
    """Move the beginning and the end of a job into the past."""
    config, status = (read_json(job.path / name) for name in ("config.json", "status.json"))
    write_json(job.path / "config.json", config | {"created": config["created"] - seconds})
    write_json(job.path / "status.json", status | {"updated": status["updated"] - seconds})


@pytest.mark.parametrize("is_in_its_job", [True, False])
def test_an_answer_of_the_day_after_finds_the_files(tmp_path: Path, is_in_its_job: bool) -> None:
    """The start of an import removes jobs that ended a day ago, with their uploads."""
    if is_in_its_job:
        question = asked(tmp_path)
    else:
        assert (
            wait_for(start_import("Pets", source=write_folder(tmp_path / "pets", PARTS))) is JobState.FAILED
        )
        (question,) = open_questions()
    made_older(question.job, 25 * 3600.0)
    imported = result(answer(question, as_understood(question)))
    assert imported.classes == {"test": 3, "train": 4}


def test_an_upload_stays_while_an_answered_import_reads_it(tmp_path: Path) -> None:
    question = asked(tmp_path)
    again = answer(question, read_as(question, "coco"))
    assert wait_for(again) is JobState.FAILED
    made_older(question.job, 25 * 3600.0)
    remove_old_jobs(jobs_folder())
    assert len(archives()) == 1
    made_older(again, 25 * 3600.0)
    remove_old_jobs(jobs_folder())
    assert (archives(), list_jobs(jobs_folder())) == ([], [])


def test_a_long_import_is_kept_for_a_day_after_its_end(tmp_path: Path) -> None:
    question = asked(tmp_path)
    config = read_json(question.job.path / "config.json")
    write_json(question.job.path / "config.json", config | {"created": config["created"] - 30 * 3600.0})
    remove_old_jobs(jobs_folder())
    assert question.job.path.exists()


def test_a_cancelled_import_leaves_nothing(tmp_path: Path) -> None:
    cancel_import(asked(tmp_path))
    assert (open_questions(), list_jobs(jobs_folder()), archives()) == ([], [], [])


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_folder_of_the_user_stays(tmp_path: Path, is_cancelled: bool) -> None:
    folder = write_folder(tmp_path / "pets", PARTS)
    assert wait_for(start_import("Pets", source=folder)) is JobState.FAILED
    (question,) = open_questions()
    if is_cancelled:
        cancel_import(question)
    else:
        result(answer(question, as_understood(question)))
    assert len(list(folder.rglob("*.png"))) == 7


def test_a_question_ends_with_its_files(tmp_path: Path) -> None:
    question = asked(tmp_path)
    for archive in archives():
        archive.unlink()
    assert open_questions() == []
    assert question.job.path.exists()


def test_the_version_keeps_the_notes(tmp_path: Path) -> None:
    """The Data page shows them in its history."""
    labels = "file,label\n" + "\n".join(f"{n}.png,{'' if n == 0 else 'ab'[n % 2]}" for n in range(9))
    folder = write_folder(
        tmp_path / "pets",
        {**{f"all/{name.rpartition('/')[2]}": data for name, data in class_folders({"x": 9}).items()}},
    )
    (folder / "labels.csv").write_text(labels, encoding="utf-8")
    imported = result(start_import("Pets", source=folder))
    assert imported.understanding is not None
    record = read_version_record(get_project("Pets").dataset, 1)
    assert record.notes == imported.understanding.notes
