"""Job kinds: one row in a table is a whole kind, and codes of older versions are read."""

from __future__ import annotations

import importlib
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import core
from core.errors import DamagedFileError, RecordError, SchemaVersionError
from core.files import digest_of, read_json, write_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.ending import StepLog, create_finish_job, steps_of, target_of
from core.jobs.kinds import JOB_TYPES, OLD_KINDS, OLD_STEPS, JobKind, Step, step_of
from core.jobs.launcher import launch
from core.jobs.status import JobState
from core.runs.control import finishing_job, wait_for
from core.workspace import Project, jobs_folder
from tests.support.command_line import answer_here
from tests.support.throwaway_job import LABEL
from tests.support.worker_fixtures import Eventually

NAVIGATION = str(Path(core.__file__).parents[1] / "pages" / "navigation.py")
STEPS = [step for job_type in JOB_TYPES.values() for step in job_type.steps]


def write_job(path: Path, **config: object) -> JobDirectory:
    """Write a job's ``config.json`` by hand."""
    write_json(path / "config.json", {"created": 1.0, "config": {}, **config})
    return JobDirectory(path)


def test_every_kind_has_a_row() -> None:
    assert set(JOB_TYPES) >= set(JobKind)


@pytest.mark.parametrize("kind", [kind for kind, row in JOB_TYPES.items() if row.imported_ahead])
def test_what_a_warm_worker_imports_exists(kind: JobKind) -> None:
    """A module that was moved would only show as a warm worker that is no faster."""
    for module in JOB_TYPES[kind].imported_ahead:
        assert find_spec(module) is not None, module


def test_codes_of_steps_are_unique() -> None:
    assert len({step.code for step in STEPS}) == len(STEPS)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.code)
def test_every_step_names_a_function(step: Step) -> None:
    """The table names modules as text, which no type checker follows."""
    module, function = step.function.split(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("name", OLD_STEPS)
def test_names_of_steps_in_older_files_have_a_step_today(name: str) -> None:
    assert step_of(OLD_STEPS[name]).code == OLD_STEPS[name]


@pytest.mark.parametrize("name", OLD_KINDS)
def test_kinds_of_older_files_are_renamed(tmp_path: Path, name: str) -> None:
    job = write_job(tmp_path / "job-1", schema_version=1, kind=name)
    assert job.kind is OLD_KINDS[name]


def test_an_unknown_kind_names_the_version_that_wrote_it(tmp_path: Path) -> None:
    job = write_job(tmp_path / "job-1", schema_version=1, darkroom_version="9.7.0", kind="teleport")
    with pytest.raises(SchemaVersionError, match=r"was written by Darkroom 9\.7\.0.*kind.*teleport"):
        assert job.kind
    assert list_jobs(tmp_path) == []


def test_a_half_written_job_is_reported_and_left_out_of_lists(tmp_path: Path) -> None:
    job = write_job(tmp_path / "job-1", kind="train")
    file = job.path / "config.json"
    file.write_text(file.read_text(encoding="utf-8")[:20], encoding="utf-8")
    with pytest.raises(DamagedFileError, match=r"config\.json is damaged"):
        job.config()
    assert list_jobs(tmp_path) == []


def test_an_unknown_step_fails_the_job_with_a_sentence(project: Project) -> None:
    config = {"job": "runs/run", "steps": ["teleport"]}
    job = JobDirectory.create(project.jobs / "finish-1", JobKind.FINISH, config)
    with pytest.raises(RecordError, match="Unknown step of a job: teleport"):
        steps_of(job)
    launch(job)
    assert wait_for(job) is JobState.FAILED
    assert not job.status().is_bug


def test_an_older_finish_job_is_read_with_its_absolute_path_and_its_step_names(project: Project) -> None:
    run = project.runs / "run-1"
    steps = ["core.evaluation.job:evaluate", "core.delivery.job:deliver"]
    write_job(project.jobs / "finish-1", kind="finish", config={"job": str(run), "steps": steps})
    job = finishing_job(project, run)
    assert job is not None
    assert [step.code for step in steps_of(job)] == ["evaluate", "deliver"]


@pytest.mark.parametrize(
    "path", ["/home/ada/workspace/projects/Old/runs/run-1", r"C:\Darkroom\Old\runs\run-1"]
)
def test_an_older_finish_job_of_a_moved_project_finds_its_run_by_name(project: Project, path: str) -> None:
    job = write_job(project.jobs / "finish-1", kind="finish", config={"job": path, "steps": []})
    assert target_of(job).path == project.runs / "run-1"


def test_a_moved_project_finishes_its_run(project: Project) -> None:
    """Nothing in a job's directory depends on where the workspace stands."""
    JobDirectory.create(project.runs / "run-1", JobKind.TRAIN, {"epochs": 3})
    old = project.path.with_name("Before")
    shutil.move(project.path, old)
    moved = Project(name="Before", path=old)
    job = create_finish_job(moved.runs / "run-1", (step_of("test_second"),), name="finish-1")
    shutil.move(old, project.path)
    job = JobDirectory(project.jobs / job.name)
    launch(job)
    assert wait_for(job) is JobState.FINISHED
    assert read_json(project.runs / "run-1" / "result.json") == {"second": True}


def test_an_older_run_leaves_out_the_steps_that_are_done(project: Project) -> None:
    """``steps.json`` of older versions names functions."""
    run = JobDirectory.create(project.runs / "run-1", JobKind.TRAIN, {"epochs": 3})
    done = {"settings": digest_of(run.config()), "done": ["core.training.job:train"]}
    write_json(run.path / "steps.json", done)
    assert StepLog(run).done == ("train",)
    run.extend({"epochs": 5})
    assert StepLog(run).done == ()


def test_a_kind_added_to_the_table_runs_and_is_shown(workspace: Path, eventually: Eventually) -> None:
    """The row of ``tests/support/throwaway_job.py`` is all that this kind consists of."""
    job = JobDirectory.create(jobs_folder() / "juggle-1", JobKind("juggle"), {"balls": 3})
    launch(job)
    eventually(lambda: job.status().stage is not None)
    (shown,) = answer_here(workspace, "status")["jobs"]
    assert (shown["kind"], shown["label"], shown["state"]) == ("juggle", LABEL, "running")
    page = AppTest.from_file(NAVIGATION, default_timeout=300).run()
    assert any(LABEL in caption.value for caption in page.sidebar.caption)
    (job.path / "enough").touch()
    assert wait_for(job) is JobState.FINISHED
    assert job.result() == {"balls": 3}
