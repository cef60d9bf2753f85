"""A real worker process: it ends well, fails plainly, stops in time, and its death is seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.files import read_json, write_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.ending import create_finish_job
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch
from core.jobs.status import JobState
from core.runs.control import finishing_job, resume, wait_for
from core.runs.start_imports import start_import
from core.workspace import Project, list_projects
from tests.conftest import ROOT
from tests.support.command_line import STOP_SECONDS
from tests.support.pictures import class_folders, digit_scans, encoded, write_folder, write_zip
from tests.support.throwaway_job import steps_named

Eventually = Callable[..., None]
StartSteps = Callable[..., JobDirectory]


@pytest.fixture
def slow_source(tmp_path: Path) -> Path:
    """A folder that takes a second or two to import."""
    files = {
        f"{label}/{i}.bmp": encoded(np.kron(digit_scans()[start + i], np.ones((100, 100), np.uint8)), "BMP")
        for label, start in (("one", 0), ("two", 100))
        for i in range(100)
    }
    return write_folder(tmp_path / "slow", files)


def staged_files(workspace: Path) -> list[Path]:
    return [path for path in (workspace / "staging").rglob("*") if path.is_file()]


def result_of(project: Project) -> object:
    return read_json(project.runs / "run" / "result.json")


def test_an_import_runs_to_its_end(tmp_path: Path) -> None:
    files = {**class_folders({"cats": 4, "dogs": 3}), "dogs/broken.png": b"x"}
    job = start_import("Pets", source=write_zip(tmp_path / "pets.zip", files))
    assert wait_for(job) is JobState.FINISHED
    status = job.status()
    assert (status.fraction, status.seconds_left, status.error) == (1.0, None, None)
    assert list(status.seconds or {}) == ["reading"]
    result = job.result() or {}
    assert (result["project"], result["classes"]) == ("Pets", {"cats": 4, "dogs": 3})
    assert result["skipped"][0]["file"] == "dogs/broken.png"
    assert [project.name for project in list_projects()] == ["Pets"]


def test_an_error_that_the_user_can_fix_is_no_bug(tmp_path: Path, workspace: Path) -> None:
    job = start_import("Pets", source=write_zip(tmp_path / "pets.zip", class_folders({"cats": 4})))
    assert wait_for(job) is JobState.FAILED
    status = job.status()
    assert str(status.error).startswith("Only one class was found: “cats”.")
    assert not status.is_bug
    assert job.result() is None
    assert list_projects() == []
    assert staged_files(workspace) == []


def test_steps_run_in_order_and_add_to_one_result(start_steps: StartSteps, project: Project) -> None:
    job = start_steps("first", "second", "third")
    assert wait_for(job) is JobState.FINISHED
    given = {"directory": str(project.runs / "run"), "config": {"epochs": 3}}
    assert result_of(project) == {"first": given, "second": True, "third": True}
    assert list(job.status().seconds or {}) == ["reading", "evaluating", "exporting"]


def test_a_failing_step_ends_the_job_with_its_sentence(start_steps: StartSteps, project: Project) -> None:
    job = start_steps("first", "lack_pictures", "third")
    assert wait_for(job) is JobState.FAILED
    assert str(job.status().error) == "2 pictures are too few. Add some."
    assert not job.status().is_bug
    assert "third" not in str(result_of(project))


def test_a_bug_keeps_its_traceback_in_the_log(
    start_steps: StartSteps, log_of: Callable[[JobDirectory], str]
) -> None:
    """The page shows one sentence; whoever mends it needs the rest."""
    job = start_steps("break_down")
    assert wait_for(job) is JobState.FAILED
    status = job.status()
    assert status.is_bug
    assert "ZeroDivisionError: division by zero" in str(status.error)
    assert str(job.path / "worker.log") in str(status.error)
    assert "Traceback (most recent call last)" in log_of(job)
    assert "in break_down" in log_of(job)


@pytest.mark.parametrize(
    ("step", "code"), [("first", 0), ("lack_pictures", 2), ("break_down", 1)], ids=["well", "user", "bug"]
)
def test_the_exit_code_says_how_it_ended(project: Project, step: str, code: int) -> None:
    JobDirectory.create(project.runs / "run", JobKind.TRAIN, {})
    job = create_finish_job(project.runs / "run", steps_named(step))
    command = [sys.executable, "-m", "core.jobs.worker", str(job.path)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == code


def test_a_stopped_import_leaves_nothing(slow_source: Path, workspace: Path, eventually: Eventually) -> None:
    job = start_import("Slow", source=slow_source)
    eventually(lambda: staged_files(workspace))
    asked = time.monotonic()
    job.request_stop()
    assert wait_for(job) is JobState.STOPPED
    assert time.monotonic() - asked < STOP_SECONDS
    assert list_projects() == []
    assert job.result() is None
    assert finished(job)
    assert staged_files(workspace) == []


def finished(job: JobDirectory) -> bool:
    """Wait until the worker's process is over."""
    process_id = job.process_id()
    assert process_id is not None
    psutil.Process(process_id).wait(300) if psutil.pid_exists(process_id) else None
    return True


def test_a_killed_import_is_interrupted_and_can_be_resumed(
    slow_source: Path, workspace: Path, eventually: Eventually
) -> None:
    """The memory ran out, the laptop's battery died: nothing half-made shows, and one button goes on."""
    job = start_import("Slow", source=slow_source)
    eventually(lambda: staged_files(workspace))
    os.kill(job.process_id() or 0, signal.SIGKILL)
    eventually(lambda: job.status().state is JobState.INTERRUPTED)
    assert list_projects() == []
    assert staged_files(workspace) != []
    resume(job)
    assert wait_for(job) is JobState.FINISHED
    assert (job.result() or {})["classes"] == {"one": 100, "two": 100}
    assert [project.name for project in list_projects()] == ["Slow"]
    assert staged_files(workspace) == []


def test_a_terminated_worker_is_interrupted(start_steps: StartSteps, eventually: Eventually) -> None:
    """Shutting the machine down ends workers with SIGTERM."""
    job = start_steps("hang")
    eventually(lambda: job.status().stage == "converting")
    os.kill(job.process_id() or 0, signal.SIGTERM)
    eventually(lambda: job.status().state is JobState.INTERRUPTED)


def test_a_step_that_does_not_answer_is_left_behind(start_steps: StartSteps, eventually: Eventually) -> None:
    """A conversion by TensorFlow takes 20 s and looks at nothing; Stop still means now."""
    job = start_steps("hang", "second")
    eventually(lambda: job.status().stage == "converting")
    asked = time.monotonic()
    job.request_stop()
    assert wait_for(job) is JobState.STOPPED
    assert time.monotonic() - asked < STOP_SECONDS
    eventually(lambda: not job.is_alive())


def test_a_stop_with_nothing_to_keep_starts_nothing(
    start_steps: StartSteps, project: Project, eventually: Eventually
) -> None:
    job = start_steps("refuse_once_stopped", "second")
    eventually(lambda: job.status().stage == "reading")
    job.request_stop()
    assert wait_for(job) is JobState.STOPPED
    assert finished(job)
    assert [other.name for other in list_jobs(project.jobs)] == [job.name]
    assert not (project.runs / "run" / "result.json").exists()


@pytest.mark.parametrize(
    ("step", "best"),
    [("train_until_stopped", "returned"), ("keep_and_hang", "kept")],
    ids=["answers", "hangs"],
)
def test_a_stopped_run_keeps_its_best_and_finishes_what_follows(
    start_steps: StartSteps, project: Project, eventually: Eventually, step: str, best: str
) -> None:
    """Stop ends the training at once; evaluation and export follow in a job of their own, each once."""
    job = start_steps(step, "second", "third")
    eventually(lambda: job.status().stage == "training")
    asked = time.monotonic()
    job.request_stop()
    assert wait_for(job) is JobState.STOPPED
    assert time.monotonic() - asked < STOP_SECONDS
    rest = finishing_job(project, project.runs / "run")
    assert rest is not None
    assert rest.name != job.name
    assert rest.config()["steps"] == ["test_second", "test_third"]
    assert wait_for(rest) is JobState.FINISHED
    assert result_of(project) == {"best": best, "second": True, "third": True}


def test_a_stop_after_the_work_is_done_changes_nothing(
    start_steps: StartSteps, project: Project, eventually: Eventually
) -> None:
    """“Stopped, nothing was kept” would be a lie: the project is there."""
    job = start_steps("finish_although_stopped")
    eventually(lambda: job.status().stage == "reading")
    job.request_stop()
    assert wait_for(job) is JobState.FINISHED
    assert result_of(project) == {"whole": True}


def test_a_worker_outlives_who_started_it(slow_source: Path, eventually: Eventually) -> None:
    """Closing the browser, or the server, does not end an import."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from core.runs.start_imports import start_import\n"
        "print(start_import('Slow', source=Path(sys.argv[1])).path)\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program, str(slow_source)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    job = JobDirectory(Path(outcome.stdout.strip()))
    assert wait_for(job) is JobState.FINISHED
    assert [project.name for project in list_projects()] == ["Slow"]


def test_a_worker_gets_its_own_environment(
    start_steps: StartSteps, project: Project, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web process runs Keras on NumPy; and Ctrl-C in its terminal must not reach the worker."""
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    monkeypatch.delenv("KERAS_HOME", raising=False)
    job = start_steps("report_environment")
    assert wait_for(job) is JobState.FINISHED
    result = read_json(project.runs / "run" / "result.json")
    assert result["environment"] == {
        "DARKROOM_HOME": str(workspace),
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(workspace / "backbones"),
    }
    assert result["session"] == job.process_id()


def test_a_relative_workspace_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker runs elsewhere: “./workspace” must not become another one there."""
    source = write_folder(tmp_path / "source", class_folders({"cats": 3, "dogs": 3}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DARKROOM_HOME", "mine")
    job = start_import("Pets", source=Path("source"))
    assert wait_for(job) is JobState.FINISHED
    assert (tmp_path / "mine" / "projects" / "Pets" / "project.json").is_file()
    assert source.is_dir()


def test_a_new_attempt_forgets_the_stop_and_the_old_end(tmp_path: Path) -> None:
    """Resumed, it must not show “stopped” until the new worker speaks, nor stop at once."""
    source = write_folder(tmp_path / "pets", class_folders({"cats": 3, "dogs": 3}))
    job = JobDirectory.create(
        tmp_path / "import-1", JobKind.IMPORT, {"project": "Pets", "source": str(source), "sample": None}
    )
    job.request_stop()
    write_json(job.path / "status.json", {"state": JobState.STOPPED})
    resume(job)
    assert job.status().state in {JobState.STARTING, JobState.RUNNING}
    assert wait_for(job) is JobState.FINISHED


def test_the_log_is_kept_over_attempts(
    start_steps: StartSteps, log_of: Callable[[JobDirectory], str]
) -> None:
    job = start_steps("break_down")
    wait_for(job)
    resume(job)
    assert wait_for(job) is JobState.FAILED
    assert log_of(job).count("in break_down") == 2


@pytest.mark.parametrize("step", ["keep_and_hang", "train_until_stopped"], ids=["hangs", "answers"])
def test_a_stop_that_cannot_be_recorded_ends_the_worker(
    run_of_steps: StartSteps, project: Project, eventually: Eventually, step: str
) -> None:
    """A full disk, or a folder that cannot be written: its device must not wait for ever."""
    job = run_of_steps(step, "second")
    launch(job)
    eventually(lambda: job.interim_result() is not None)
    project.jobs.rmdir()
    project.jobs.touch()
    job.request_stop()
    eventually(lambda: not job.is_alive())
    assert job.status().state is JobState.FAILED
    assert (job.result() or {})["best"] in {"kept", "returned"}
