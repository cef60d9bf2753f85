"""A run rests and goes on, is killed and loses nothing, and is continued: with real worker processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ConfigError, DiskFullError, NotFoundError
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.launcher import launch
from core.jobs.queue import turn_on_device
from core.jobs.status import JobState
from core.runs.control import finishing_job, pause, resume, stop, wait_for
from core.workspace import Project

Eventually = Callable[..., None]
MakeRun = Callable[..., JobDirectory]


def let_epochs_end(run: JobDirectory, *epochs: int) -> None:
    for epoch in epochs:
        (run.path / f"go-{epoch}").touch()


def epochs_of(run: JobDirectory) -> list[int]:
    return [record["epoch"] for record in run.metrics()]


def kill(run: JobDirectory, eventually: Eventually) -> None:
    os.kill(run.process_id() or 0, signal.SIGKILL)
    eventually(lambda: run.status().state is JobState.INTERRUPTED)


def started(run: JobDirectory, epoch: int, eventually: Eventually) -> None:
    """Wait until an epoch is over, checkpoint and best written."""
    eventually(lambda: epochs_of(run)[-1:] == [epoch] and (run.path / "interim.json").exists())


def test_a_paused_run_rests_without_a_process_and_goes_on(
    run_of_steps: MakeRun, eventually: Eventually
) -> None:
    run = run_of_steps("count_to_three", "second")
    let_epochs_end(run, 1)
    launch(run)
    eventually(lambda: epochs_of(run) == [1, 2])
    pause(run)
    assert wait_for(run) is JobState.PAUSED
    eventually(lambda: not run.is_alive())
    status = run.status()
    assert (status.state, status.error, status.usage) == (JobState.PAUSED, None, None)
    assert run.result() is None
    let_epochs_end(run, 2, 3)
    resume(run)
    assert wait_for(run) is JobState.FINISHED
    assert epochs_of(run) == [1, 2, 3]  # none twice
    assert run.result() == {"training": {"epochs": 3}, "second": True}
    assert not run.pause_requested()
    assert not (run.path / "interim.json").exists()


def test_a_step_that_does_not_answer_a_pause_is_left_behind(
    run_of_steps: MakeRun, eventually: Eventually
) -> None:
    """Work since the last checkpoint is done again."""
    run = run_of_steps("keep_and_hang", "second")
    launch(run)
    eventually(lambda: run.status().stage == "training")
    pause(run)
    assert wait_for(run) is JobState.PAUSED
    eventually(lambda: not run.is_alive())
    assert run.interim_result() == {"best": "kept"}
    assert run.result() is None


def test_a_pause_can_be_turned_into_a_stop(run_of_steps: MakeRun, eventually: Eventually) -> None:
    """The paused run's best is tested and packed, as if it had been at work."""
    run = run_of_steps("count_to_three", "second", "third")
    launch(run)
    started(run, 1, eventually)
    pause(run)
    assert wait_for(run) is JobState.PAUSED
    stop(run)
    assert run.status().state is JobState.STOPPED
    rest = finishing_job(Project(name="Leaves", path=run.path.parent.parent), run.path)
    assert rest is not None
    assert wait_for(rest) is JobState.FINISHED
    assert run.result() == {"training": {"epochs": 1}, "second": True, "third": True}


def test_the_best_of_a_killed_run_can_still_be_kept(run_of_steps: MakeRun, eventually: Eventually) -> None:
    run = run_of_steps("count_to_three", "second")
    launch(run)
    started(run, 1, eventually)
    kill(run, eventually)
    stop(run)
    stop(run)  # pressed twice: nothing more happens
    jobs = list_jobs(run.path.parent.parent / "jobs")
    assert [job.config()["steps"] for job in jobs] == [["test_second"]]
    assert wait_for(jobs[0]) is JobState.FINISHED
    assert run.result() == {"training": {"epochs": 1}, "second": True}
    assert run.status().state is JobState.STOPPED


def test_a_killed_run_with_nothing_to_keep_is_just_stopped(
    run_of_steps: MakeRun, eventually: Eventually
) -> None:
    run = run_of_steps("hang", "second")
    launch(run)
    eventually(lambda: run.status().stage == "converting")
    kill(run, eventually)
    stop(run)
    assert run.status().state is JobState.STOPPED
    assert run.result() is None
    assert list_jobs(run.path.parent.parent / "jobs") == []


def test_a_run_killed_after_its_training_is_not_trained_again(
    run_of_steps: MakeRun, eventually: Eventually
) -> None:
    """Hours of training are not to be lost to a crash in the export."""
    run = run_of_steps("count_to_three", "hang_once", "third")
    let_epochs_end(run, 1, 2, 3)
    launch(run)
    eventually(lambda: run.status().stage == "converting")
    kill(run, eventually)
    (run.path / "checkpoint.json").unlink()  # training again would need it, and leave other traces
    (run.path / "do not hang").touch()
    resume(run)
    assert wait_for(run) is JobState.FINISHED
    assert run.result() == {"training": {"epochs": 3}, "hung": True, "third": True}
    assert epochs_of(run) == [1, 2, 3]
    assert not (run.path / "checkpoint.json").exists()


def test_a_finished_run_goes_on_for_more_epochs(run_of_steps: MakeRun) -> None:
    run = run_of_steps("count_to_three", "second")
    let_epochs_end(run, *range(1, 6))
    launch(run)
    assert wait_for(run) is JobState.FINISHED
    worked = sum((run.status().seconds or {}).values())
    with pytest.raises(NotFoundError, match="nothing to resume"):
        resume(run)
    resume(run, extra_epochs=2)
    assert wait_for(run) is JobState.FINISHED
    assert run.config()["epochs"] == 5
    assert read_json(run.path / "config.json")["config"]["epochs"] == 3  # as it was asked at first
    assert epochs_of(run) == [1, 2, 3, 4, 5]
    assert run.result() == {"training": {"epochs": 5}, "second": True}
    assert sum((run.status().seconds or {}).values()) > worked  # both attempts count


@pytest.mark.parametrize("extra", [0, -1, 10_000])
def test_an_impossible_number_of_epochs_starts_nothing(run_of_steps: MakeRun, extra: int) -> None:
    run = run_of_steps("second")
    write_json(run.path / "status.json", {"state": "finished"})
    with pytest.raises(ConfigError):
        resume(run, extra_epochs=extra)
    assert run.extension() == {}
    assert run.status().state is JobState.FINISHED


def test_changes_of_several_continuations_add_up(run_of_steps: MakeRun) -> None:
    run = run_of_steps("second")
    run.extend({"epochs": 5})
    run.extend({"patience": 2})
    assert run.extension() == {"epochs": 5, "patience": 2}
    assert (run.config()["epochs"], run.config()["patience"], run.config()["seed"]) == (5, 2, 0)


def test_two_resumes_at_once_start_one_worker(run_of_steps: MakeRun, eventually: Eventually) -> None:
    """Two tabs, or a tab and the command line: two workers would write the same files."""
    run = run_of_steps("count_to_three")
    write_json(run.path / "status.json", {"state": "paused"})
    gate, refused = threading.Barrier(6), []

    def press() -> None:
        gate.wait()
        try:
            resume(run)
        except NotFoundError as error:
            refused.append(error)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5
    let_epochs_end(run, 1, 2, 3)
    assert wait_for(run) is JobState.FINISHED
    assert epochs_of(run) == [1, 2, 3]


def test_a_run_can_be_paused_while_it_waits_for_the_device(
    run_of_steps: MakeRun, eventually: Eventually
) -> None:
    run = run_of_steps("second")
    with turn_on_device("cpu", "other", 0.0, lambda: False):
        launch(run)
        eventually(lambda: run.status().state is JobState.QUEUED)
        pause(run)
        assert wait_for(run) is JobState.PAUSED
    assert run.status().worked_seconds == 0
    resume(run)
    assert wait_for(run) is JobState.FINISHED


@pytest.mark.parametrize("state", [JobState.FINISHED, JobState.STOPPED, JobState.PAUSED, JobState.FAILED])
def test_only_a_running_job_can_be_paused(run_of_steps: MakeRun, state: JobState) -> None:
    run = run_of_steps("second")
    write_json(run.path / "status.json", {"state": state})
    with pytest.raises(NotFoundError, match="nothing to pause"):
        pause(run)
    assert not run.pause_requested()


def test_a_launch_withdraws_earlier_requests(run_of_steps: MakeRun) -> None:
    """A run that rests must not rest again at once."""
    run = run_of_steps("second")
    run.request_pause()
    run.request_stop()
    launch(run)
    assert wait_for(run) is JobState.FINISHED


def test_versions_and_devices_are_recorded(run_of_steps: MakeRun) -> None:
    run = run_of_steps("report_device")
    launch(run)
    assert wait_for(run) is JobState.FINISHED
    environment = run.environment()
    assert (environment.packages["keras"] or "").startswith("3.")
    assert all([environment.darkroom, environment.python, environment.device])
    assert "tensorflow" in environment.packages
    assert (run.result() or {})["CUDA_VISIBLE_DEVICES"] == "-1"  # on the CPU, TensorFlow sees no GPU


def test_a_device_that_is_not_there_fails_plainly(
    run_of_steps: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of_steps("second")
    monkeypatch.setenv("DARKROOM_DEVICE", "gpu:7")
    launch(run)
    assert wait_for(run) is JobState.FAILED
    assert "asks for “gpu:7”, which is not there" in str(run.status().error)
    assert not run.status().is_bug


def test_a_backend_that_is_not_there_fails_plainly(
    run_of_steps: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of_steps("second")
    monkeypatch.setenv("DARKROOM_BACKEND", "theano")
    launch(run)
    assert wait_for(run) is JobState.FAILED
    assert "asks for “theano”, which is not there" in str(run.status().error)
    assert not run.status().is_bug


def test_a_full_disk_pauses_the_run(run_of_steps: MakeRun) -> None:
    """Nothing is lost, and once there is room it goes on."""
    run = run_of_steps("fill_the_disk", "second")
    (run.path / "full").touch()
    launch(run)
    assert wait_for(run) is JobState.PAUSED
    status = run.status()
    assert "is full" in str(status.error)
    assert str(run.path) in str(status.error)
    assert not status.is_bug
    assert not (run.path / "reserve").exists()
    (run.path / "full").unlink()
    resume(run)
    assert wait_for(run) is JobState.FINISHED
    assert run.status().error is None
    assert run.result() == {"whole": True, "second": True}


def test_no_worker_is_started_on_a_full_disk(
    run_of_steps: MakeRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It could not even say that it lives; the run stays as it was."""
    run = run_of_steps("second")
    write_json(run.path / "status.json", {"state": "paused"})
    monkeypatch.setattr(
        "core.jobs.launcher.shutil.disk_usage", lambda path: type("Usage", (), {"free": 300_000})
    )
    with pytest.raises(DiskFullError, match=r"0\.3 MB are free"):
        resume(run)
    assert run.status().state is JobState.PAUSED


def test_a_full_disk_adds_no_epochs_that_a_second_try_would_add_again(
    run_of_steps: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of_steps("second")
    write_json(run.path / "status.json", {"state": "finished"})
    monkeypatch.setattr(
        "core.jobs.launcher.shutil.disk_usage", lambda path: type("Usage", (), {"free": 300_000})
    )
    with pytest.raises(DiskFullError):
        resume(run, extra_epochs=2)
    assert run.extension() == {}
