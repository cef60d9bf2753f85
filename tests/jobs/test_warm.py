"""Warm workers: a job does not see that its worker waited for it, and no worker waits for ever."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from core.files import read_json
from core.jobs.directory import JobDirectory
from core.jobs.ending import create_finish_job
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch
from core.jobs.status import JobState
from core.jobs.warm import fingerprint, keep_warm_worker, withdraw
from core.runs.control import pause, resume, stop, wait_for
from core.workspace import Project, warm_folder
from tests.conftest import ROOT
from tests.support.command_line import STOP_SECONDS
from tests.support.throwaway_job import steps_named

Eventually = Callable[..., None]
StartWaiting = Callable[[], psutil.Process]


@pytest.fixture(autouse=True)
def minutes_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_WARM_MINUTES", "5")


@pytest.fixture
def start_waiting(workspace: Path) -> Iterator[StartWaiting]:
    """``start_waiting()`` starts a warm worker for jobs of the kind FINISH.

    Within the test, because pytest changes the environment between the phases of a test.
    """
    started: list[psutil.Process] = []

    def start() -> psutil.Process:
        keep_warm_worker(JobKind.FINISH)
        started.append(waiting_process())
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def waiting_process() -> psutil.Process:
    (offer,) = warm_folder().glob("*.json")
    return psutil.Process(read_json(offer)["process"]["pid"])


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def job_of(project: Project, *steps: str) -> JobDirectory:
    """Make a job of these steps, not started yet."""
    if not (project.runs / "run").exists():
        JobDirectory.create(project.runs / "run", JobKind.TRAIN, {"epochs": 3})
    return create_finish_job(project.runs / "run", steps_named(*steps))


def result_of(project: Project) -> dict:
    return dict(read_json(project.runs / "run" / "result.json"))


def test_a_job_goes_to_the_worker_that_waits(project: Project, start_waiting: StartWaiting) -> None:
    """Its files are those of any job, and nothing remains of the waiting."""
    warm = start_waiting()
    job = job_of(project, "first", "second")
    assert launch(job, may_be_warm=True) == warm.pid == job.process_id()
    assert wait_for(job) is JobState.FINISHED
    assert result_of(project)["second"] is True
    assert job.environment().python
    assert [file.name for file in warm_folder().iterdir()] == [".lock"]


def test_the_worker_is_like_a_new_one(
    project: Project, start_waiting: StartWaiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web process runs Keras on NumPy; which devices a job uses is decided when it begins."""
    warm = start_waiting()
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    steps = ("report_environment", "report_device")
    results = []
    for expected in (warm.pid, None):
        job = job_of(project, *steps)
        assert (launch(job, may_be_warm=True) == expected) is (expected is not None)
        assert wait_for(job) is JobState.FINISHED
        result = result_of(project)
        assert result.pop("session") == job.process_id()
        results.append(result)
    assert results[0] == results[1]
    assert results[0]["environment"]["KERAS_BACKEND"] == "tensorflow"


def test_what_the_job_prints_is_in_its_log(
    project: Project, start_waiting: StartWaiting, log_of: Callable[[JobDirectory], str]
) -> None:
    start_waiting()
    job = job_of(project, "break_down")
    launch(job, may_be_warm=True)
    assert wait_for(job) is JobState.FAILED
    assert "in break_down" in log_of(job)


@pytest.mark.parametrize("name", ["DARKROOM_DEVICE", "TF_ENABLE_ONEDNN_OPTS", "SOMETHING_ELSE"])
def test_a_job_with_another_environment_gets_a_new_worker(
    project: Project, start_waiting: StartWaiting, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """TensorFlow has read its variables already."""
    warm = start_waiting()
    monkeypatch.setenv(name, "cpu" if name == "DARKROOM_DEVICE" else "1")
    job = job_of(project, "first")
    assert launch(job, may_be_warm=True) != warm.pid
    assert wait_for(job) is JobState.FINISHED
    assert not has_ended(warm)


def test_a_worker_of_another_program_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update of Darkroom, a waiting worker still has the old modules."""
    module = tmp_path / "core" / "worker.py"
    module.parent.mkdir()
    module.write_text("before = 1")
    monkeypatch.setattr("core.jobs.warm.core", SimpleNamespace(__file__=str(module)))
    before = fingerprint({})
    assert fingerprint({}) == before
    module.write_text("after_it = 1")
    assert fingerprint({}) != before


def test_what_scikit_learn_sets_in_the_server_does_not_count() -> None:
    """A page that imports it would leave the waiting worker alone for ever."""
    assert fingerprint({"KMP_DUPLICATE_LIB_OK": "True"}) == fingerprint({})
    assert fingerprint({"KMP_BLOCKTIME": "0"}) != fingerprint({})


def test_jobs_that_ask_for_a_new_worker_get_one(project: Project, start_waiting: StartWaiting) -> None:
    warm = start_waiting()
    job = job_of(project, "first")
    assert launch(job) != warm.pid
    assert wait_for(job) is JobState.FINISHED


def test_two_jobs_never_share_a_worker(project: Project, start_waiting: StartWaiting) -> None:
    warm = start_waiting()
    first, second = job_of(project, "juggle"), job_of(project, "first")
    assert launch(first, may_be_warm=True) == warm.pid
    assert launch(second, may_be_warm=True) != warm.pid
    assert wait_for(second) is JobState.FINISHED
    stop(first)
    assert wait_for(first) is JobState.STOPPED


def test_an_offer_is_withdrawn_once(tmp_path: Path) -> None:
    """By one of several launchers, or by the worker that gives itself back."""
    offer = tmp_path / "offer.json"
    for _ in range(20):
        offer.touch()
        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(withdraw, [offer] * 4)) == [False, False, False, True]


def test_a_dead_worker_is_not_given_a_job(project: Project, start_waiting: StartWaiting) -> None:
    warm = start_waiting()
    warm.kill()
    warm.wait(10)
    job = job_of(project, "first")
    assert launch(job, may_be_warm=True) != warm.pid
    assert wait_for(job) is JobState.FINISHED


def test_a_worker_that_dies_with_the_job_in_its_hands_leaves_it_interrupted(
    project: Project, start_waiting: StartWaiting, eventually: Eventually
) -> None:
    warm = start_waiting()
    warm.suspend()
    job = job_of(project, "first")
    assert launch(job, may_be_warm=True) == warm.pid
    assert job.status().state is JobState.STARTING
    warm.kill()
    eventually(lambda: job.status().state is JobState.INTERRUPTED)
    resume(job)
    assert wait_for(job) is JobState.FINISHED


def test_a_job_can_be_paused_and_stopped(
    project: Project, start_waiting: StartWaiting, eventually: Eventually
) -> None:
    warm = start_waiting()
    job = job_of(project, "count_to_three")
    launch(job, may_be_warm=True)
    eventually(job.metrics)
    pause(job)
    assert wait_for(job) is JobState.PAUSED
    eventually(lambda: has_ended(warm))
    stop(job)
    assert job.status().state is JobState.STOPPED


def test_a_job_given_during_the_imports_can_be_stopped_at_once(
    project: Project, workspace: Path, eventually: Eventually
) -> None:
    """They take seconds, and Stop means now."""
    hold = workspace / "hold imports"
    hold.touch()
    keep_warm_worker(JobKind.FINISH)
    process = waiting_process()
    job = job_of(project, "first")
    assert launch(job, may_be_warm=True) == process.pid
    asked = time.monotonic()
    stop(job)
    assert wait_for(job) is JobState.STOPPED
    assert time.monotonic() - asked < STOP_SECONDS
    eventually(lambda: has_ended(process))


def test_a_job_given_during_the_imports_begins_after_them(project: Project, workspace: Path) -> None:
    hold = workspace / "hold imports"
    hold.touch()
    keep_warm_worker(JobKind.FINISH)
    job = job_of(project, "first")
    launch(job, may_be_warm=True)
    threading.Timer(0.2, hold.unlink).start()
    assert wait_for(job) is JobState.FINISHED


def test_a_worker_prepares_for_the_expected_settings(workspace: Path, eventually: Eventually) -> None:
    """Such as the conversion of the chosen backbone, which a machine does once."""
    keep_warm_worker(JobKind.FINISH, {"backbone": "lite"})
    process = waiting_process()
    eventually((workspace / "prepared.json").exists)
    assert read_json(workspace / "prepared.json") == {"backbone": "lite"}
    process.kill()


def test_a_worker_that_could_not_prepare_takes_the_job(project: Project, workspace: Path) -> None:
    """The job says itself what it lacks."""
    keep_warm_worker(JobKind.FINISH, {"error": "nothing"})
    process = waiting_process()
    job = job_of(project, "first")
    assert launch(job, may_be_warm=True) == process.pid
    assert wait_for(job) is JobState.FINISHED


def test_one_worker_waits_however_often_it_is_asked_for(workspace: Path, start_waiting: StartWaiting) -> None:
    warm = start_waiting()
    memory = keep_warm_worker(JobKind.FINISH)
    assert memory is not None
    assert memory > 1 << 20
    assert waiting_process() == warm


def test_the_remains_of_a_dead_worker_are_removed(workspace: Path, start_waiting: StartWaiting) -> None:
    warm = start_waiting()
    warm.kill()
    warm.wait(10)
    keep_warm_worker(JobKind.FINISH)
    second = waiting_process()
    assert second != warm
    second.kill()


@pytest.mark.parametrize("kind", [JobKind.IMPORT, JobKind.FINISH], ids=["kind", "setting"])
def test_none_waits_where_none_is_wanted(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, kind: JobKind
) -> None:
    """No row of the table names modules for an import; and an operator can switch all of them off."""
    if kind is JobKind.FINISH:
        monkeypatch.setenv("DARKROOM_WARM_MINUTES", "0")
    assert keep_warm_worker(kind) is None
    assert not warm_folder().exists()


@pytest.mark.parametrize("backend", ["jax", "no such thing"])
def test_none_waits_for_other_backends(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("DARKROOM_BACKEND", backend)
    assert keep_warm_worker(JobKind.FINISH) is None


def test_none_waits_where_memory_is_short(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.jobs.warm.psutil.virtual_memory", lambda: SimpleNamespace(available=2 << 30))
    assert keep_warm_worker(JobKind.FINISH) is None
    assert list(warm_folder().glob("*.json")) == []


def test_a_worker_is_given_back_after_a_while(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setenv("DARKROOM_WARM_MINUTES", "0.001")
    keep_warm_worker(JobKind.FINISH)
    process = waiting_process()
    eventually(lambda: has_ended(process))
    assert [file.name for file in warm_folder().iterdir()] == [".lock"]


def test_a_worker_ends_with_the_server(workspace: Path, eventually: Eventually) -> None:
    """But not one that has a job by then; ``test_worker`` shows that for any job."""
    program = (
        "from core.jobs.kinds import JobKind\n"
        "from core.jobs.warm import keep_warm_worker\n"
        "keep_warm_worker(JobKind.FINISH)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    process = waiting_process()
    eventually(lambda: has_ended(process))
