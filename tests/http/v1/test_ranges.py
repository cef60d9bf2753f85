"""A program reads the range of deep pictures, and starts a change of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.editing.job import change_pixel_range
from core.data.importing import import_dataset
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.progress import QuietProgress
from core.workspace import Project
from tests.data.test_deep_pictures import bits_12, files
from tests.support.api_client import post
from tests.support.http_client import ask
from tests.support.pictures import write_folder

ADDRESS = "/api/v1/projects/Deep/range"


@pytest.fixture
def deep(tmp_path: Path, workspace: Path) -> Project:
    return import_dataset(write_folder(tmp_path / "source", files(bits_12)), "Deep").project


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    """Jobs that would have been started."""
    jobs: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.temporary_jobs.launch", jobs.append)
    return jobs


def test_the_range_is_changed_by_a_job(deep: Project, launched: list[JobDirectory]) -> None:
    assert ask(ADDRESS).json == {"pixel_range": [0, 4095], "found_range": [0, 4095]}
    reply = post(ADDRESS, {"pixel_range": [0, 1504]})
    assert reply.status == 202, reply.json
    (job,) = launched
    assert job.kind is JobKind.CHANGE_RANGE
    assert change_pixel_range(job.path, job.config(), QuietProgress()) == {"version": 2}
    assert ask(ADDRESS).json == {"pixel_range": [0, 1504], "found_range": [0, 4095]}
    difference = ask("/api/v1/projects/Deep/versions/difference?older=1&newer=2").json
    assert difference["pixel_range"] == [[0, 4095], [0, 1504]]


def test_a_range_that_is_none_starts_nothing(deep: Project, launched: list[JobDirectory]) -> None:
    assert post(ADDRESS, {"pixel_range": [5, 5]}).status == 400
    assert launched == []


def test_pictures_of_8_bits_have_none(digits_project: Project, launched: list[JobDirectory]) -> None:
    address = f"/api/v1/projects/{digits_project.name}/range"
    assert ask(address).json == {"pixel_range": None, "found_range": None}
    assert post(address, {"pixel_range": [0, 9]}).status == 400
    assert launched == []
