"""Start of the jobs on models made elsewhere: each model has a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.dataset import open_dataset
from core.data.editing.labels import exclude
from core.data.labels.layout import Split
from core.errors import EvaluationError
from core.evaluation.foreign.judged_model import FACTS_FILE
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState, JobStatus
from core.runs.judging import start_inspection
from core.workspace import Project


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    jobs: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.judging.launch", jobs.append)
    return jobs


def test_models_of_one_name_that_arrive_at_once_get_two_folders(
    digits_project: Project, tmp_path: Path, launched: list[JobDirectory]
) -> None:
    """Neither job has written anything yet when the second one starts."""
    for _ in range(2):
        start_inspection(digits_project, tmp_path / "theirs.tflite", version=1)
    assert [job.config()["name"] for job in launched] == ["theirs", "theirs-2"]


def test_folders_of_killed_openings_are_removed(
    digits_project: Project, tmp_path: Path, launched: list[JobDirectory]
) -> None:
    killed = start_inspection(digits_project, tmp_path / "killed.tflite", version=1)
    killed.write_status(JobStatus(state=JobState.FAILED))
    (killed.path / "process.json").write_text('{"pid": 4194305, "started": 0.0}')
    start_inspection(digits_project, tmp_path / "awaited.tflite", version=1)
    understood = digits_project.judged / "understood" / FACTS_FILE
    understood.parent.mkdir()
    understood.touch()
    start_inspection(digits_project, tmp_path / "newest.tflite", version=1)
    names = sorted(folder.name for folder in digits_project.judged.iterdir())
    assert names == ["awaited", "newest", "understood"]


def test_a_project_without_validation_pictures_cannot_judge(
    digits_project: Project, tmp_path: Path, launched: list[JobDirectory]
) -> None:
    """A model made elsewhere is understood by its answers to them."""
    dataset = open_dataset(digits_project)
    exclude(digits_project, dataset.pictures["id"].iloc[dataset.rows(Split.VALIDATION)].tolist())
    with pytest.raises(EvaluationError, match="lacks one of them"):
        start_inspection(digits_project, tmp_path / "theirs.tflite")
    assert not launched
