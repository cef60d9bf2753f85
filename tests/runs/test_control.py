"""Jobs are listed, awaited, resumed and removed."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from core.errors import ConfigError, NotFoundError
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.runs.control import finishing_job, resume, wait_for
from core.runs.job_lookup import active_jobs
from core.runs.start_computer_jobs import start_download
from core.runs.start_imports import start_import
from core.training.config import Recipe, TrainingConfig
from core.workspace import Project, jobs_folder, open_staging, publish_project
from tests.support.pictures import class_folders, write_zip


def make_job(
    path: Path, kind: JobKind = JobKind.IMPORT, *, age_seconds: float = 0.0, config: dict | None = None
) -> JobDirectory:
    job = JobDirectory.create(path, kind, config or {})
    record = read_json(path / "config.json")
    write_json(path / "config.json", record | {"created": time.time() - age_seconds})
    return job


def let_live(job: JobDirectory, state: JobState = JobState.RUNNING) -> JobDirectory:
    """Take this very process for its worker."""
    process = psutil.Process()
    write_json(job.path / "process.json", {"pid": process.pid, "started": process.create_time()})
    write_json(job.path / "status.json", {"state": state})
    return job


def end(job: JobDirectory, state: JobState = JobState.FINISHED) -> JobDirectory:
    write_json(job.path / "status.json", {"state": state})
    return job


def test_an_unknown_backbone_starts_nothing() -> None:
    with pytest.raises(ConfigError):
        start_download("alexnet")
    assert not jobs_folder().exists()


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.STARTING, JobState.RUNNING])
def test_a_running_job_is_not_started_twice(tmp_path: Path, state: JobState) -> None:
    """Two workers would write the same files."""
    job = let_live(make_job(tmp_path / "run-1", JobKind.TRAIN), state)
    with pytest.raises(NotFoundError, match="nothing to resume: “run-1” is running"):
        resume(job)


def test_a_finished_job_is_not_started_again(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nothing to resume"):
        resume(end(make_job(tmp_path / "run-1", JobKind.TRAIN)))


def test_jobs_that_ended_a_day_ago_are_removed(tmp_path: Path) -> None:
    """With them go uploads that failed; a job that still runs, or failed just now, stays."""
    folder = jobs_folder()
    old = end(make_job(folder / "old", age_seconds=25 * 3600), JobState.FAILED)
    (old.path / "upload.zip").write_bytes(b"a gigabyte")
    make_job(folder / "never launched", age_seconds=25 * 3600)
    let_live(make_job(folder / "long", age_seconds=25 * 3600))
    end(make_job(folder / "recent", age_seconds=23 * 3600), JobState.FAILED)
    source = write_zip(tmp_path / "pets.zip", class_folders({"cats": 3, "dogs": 3}))
    job = start_import("Pets", source=source)
    assert {path.name for path in folder.iterdir()} == {"long", "recent", job.name}
    assert wait_for(job) is JobState.FINISHED


def test_the_active_jobs_are_those_of_this_project_and_of_none(project: Project) -> None:
    other = publish_project(open_staging(), "Trees")
    let_live(make_job(jobs_folder() / "import-1"))
    end(make_job(jobs_folder() / "import-2"))
    let_live(make_job(project.runs / "run-1", JobKind.TRAIN))
    end(make_job(project.runs / "run-2", JobKind.TRAIN), JobState.STOPPED)
    let_live(make_job(project.jobs / "finish-1", JobKind.FINISH))
    let_live(make_job(other.runs / "run-3", JobKind.TRAIN))
    assert {job.name for job in active_jobs(project)} == {"import-1", "run-1", "finish-1"}
    assert [job.name for job in active_jobs(None)] == ["import-1"]


def test_the_newest_job_that_completes_a_run_is_found(project: Project) -> None:
    run = project.runs / "run-1"
    assert finishing_job(project, run) is None
    make_job(project.jobs / "finish-1", JobKind.FINISH, age_seconds=30, config={"job": str(run), "steps": []})
    make_job(project.jobs / "finish-2", JobKind.FINISH, age_seconds=10, config={"job": str(run), "steps": []})
    make_job(
        project.jobs / "finish-3",
        JobKind.FINISH,
        age_seconds=5,
        config={"job": str(project.runs / "run-2"), "steps": []},
    )
    make_job(project.jobs / "other-1", JobKind.MEASURE)
    found = finishing_job(project, run)
    assert found is not None
    assert found.name == "finish-2"


def test_waiting_ends_with_the_job(tmp_path: Path) -> None:
    """And meanwhile tells whoever shows progress."""
    job = let_live(make_job(tmp_path / "run-1", JobKind.TRAIN))
    looks = []

    def look(seen: JobDirectory) -> None:
        looks.append(seen.status().state)
        end(job, JobState.STOPPED)

    assert wait_for(job, look) is JobState.STOPPED
    assert looks == [JobState.RUNNING]


def test_a_stopped_run_is_not_resumed_while_its_rest_is_done(workspace: Path) -> None:
    """Two workers would write the same directory."""
    project = Project(name="Pets", path=workspace / "projects" / "Pets")
    run = JobDirectory.create(project.runs / "run-1", JobKind.TRAIN, {})
    write_json(run.path / "process.json", {"pid": 2**22 + 1, "started": 0.0})
    write_json(run.path / "status.json", {"state": "stopped"})
    rest = JobDirectory.create(project.jobs / "finish-1", JobKind.FINISH, {"job": str(run.path), "steps": []})
    own = psutil.Process()
    write_json(rest.path / "process.json", {"pid": own.pid, "started": own.create_time()})
    with pytest.raises(NotFoundError, match="nothing to resume"):
        resume(run)


def test_a_run_of_a_trial_is_not_continued(tmp_path: Path) -> None:
    """Without the state of its training it would begin anew, and the trial's classifier would be gone."""
    config = TrainingConfig(dataset_version=1, recipe=Recipe.BALANCED).to_json()
    run = end(make_job(tmp_path / "runs" / "run-1", JobKind.TRAIN, config=config))
    write_json(run.path / "result.json", {"search": {"name": "search-1", "trial": 3}})
    with pytest.raises(ConfigError, match="only the best epoch was kept"):
        resume(run, extra_epochs=5)
    assert run.extension() == {}
    assert run.status().state is JobState.FINISHED
