"""Imports are started from uploads and sources."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from core.data.import_config import ImportConfig
from core.errors import DarkroomError, InvalidNameError, ProjectExistsError
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.runs.start_imports import start_import
from core.workspace import Project, jobs_folder
from tests.support.pictures import class_folders, write_zip


def test_an_upload_becomes_a_project_and_is_removed(tmp_path: Path) -> None:
    data = write_zip(tmp_path / "pets.zip", class_folders({"cats": 3, "dogs": 3})).read_bytes()
    job = start_import(" Pets ", upload=("../pets.zip", io.BytesIO(data).read))
    assert job.config()["project"] == "Pets"
    assert wait_for(job) is JobState.FINISHED
    assert (job.result() or {})["classes"] == {"cats": 3, "dogs": 3}
    assert [path for path in job.path.rglob("*") if path.suffix == ".zip"] == []


@pytest.mark.parametrize("name", ["config.json", "stop.request"])
def test_an_upload_cannot_pass_for_a_file_of_the_job(tmp_path: Path, name: str) -> None:
    """Named like the job's own file, it would overwrite what the job was asked to do."""
    data = write_zip(tmp_path / "pets.zip", class_folders({"cats": 3, "dogs": 3})).read_bytes()
    job = start_import("Pets", upload=(name, io.BytesIO(data).read))
    assert wait_for(job) is JobState.FINISHED
    assert (job.result() or {})["classes"] == {"cats": 3, "dogs": 3}


def test_an_upload_that_failed_can_be_imported_otherwise(tmp_path: Path) -> None:
    """“Import them as one class” must not ask for the file again."""
    data = write_zip(tmp_path / "pets.zip", class_folders({"cats": 3, "Cats": 3, "dogs": 3})).read_bytes()
    job = start_import("Pets", upload=("pets.zip", io.BytesIO(data).read))
    assert wait_for(job) is JobState.FAILED
    assert "differ only in capital letters" in str(job.status().error)
    again = start_import("Pets", source=Path(job.config()["source"]), config=ImportConfig(merge_case=True))
    assert wait_for(again) is JobState.FINISHED
    assert (again.result() or {})["classes"] == {"cats": 6, "dogs": 3}


@pytest.mark.parametrize(
    ("name", "error"), [("a/b", InvalidNameError), ("", InvalidNameError), ("LEAVES", ProjectExistsError)]
)
def test_a_bad_name_starts_nothing(
    tmp_path: Path, project: Project, name: str, error: type[DarkroomError]
) -> None:
    """The form says so at once; there is no job to look at."""
    with pytest.raises(error):
        start_import(name, source=tmp_path)
    assert not jobs_folder().exists()
