"""Job directories state the truth, also when the process is dead."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import SchemaVersionError
from core.files import append_json_line, read_json, write_json
from core.jobs.directory import LEASE_FILE, JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.status import JobState, resolve_state
from core.leases import Lease
from core.messages import Message
from core.processes import ProcessRecord, process_lives
from core.records import write_record

ENDED = {JobState.FINISHED, JobState.STOPPED, JobState.FAILED, JobState.INTERRUPTED, JobState.PAUSED}


@pytest.fixture
def job(tmp_path: Path) -> JobDirectory:
    return JobDirectory.create(tmp_path / "run-1", JobKind.TRAIN, {"epochs": 3, "note": "猫"})


def note_process(job: JobDirectory, process: psutil.Process, offset: float = 0.0) -> None:
    write_json(job.path / "process.json", {"pid": process.pid, "started": process.create_time() + offset})


def note_status(job: JobDirectory, state: JobState, **more: Any) -> None:
    write_json(job.path / "status.json", {"state": state, **more})


def make_older(job: JobDirectory, seconds: float) -> None:
    record = read_json(job.path / "config.json")
    write_json(job.path / "config.json", record | {"created": record["created"] - seconds})


@pytest.mark.parametrize(
    ("recorded", "alive", "shown"),
    [
        (None, True, JobState.STARTING),
        (None, False, JobState.INTERRUPTED),
        (JobState.QUEUED, True, JobState.QUEUED),
        (JobState.QUEUED, False, JobState.INTERRUPTED),
        (JobState.STARTING, True, JobState.STARTING),
        (JobState.STARTING, False, JobState.INTERRUPTED),
        (JobState.RUNNING, True, JobState.RUNNING),
        (JobState.RUNNING, False, JobState.INTERRUPTED),
        (JobState.PAUSED, True, JobState.PAUSED),
        (JobState.PAUSED, False, JobState.PAUSED),
        (JobState.FINISHED, True, JobState.FINISHED),
        (JobState.FINISHED, False, JobState.FINISHED),
        (JobState.STOPPED, True, JobState.STOPPED),
        (JobState.STOPPED, False, JobState.STOPPED),
        (JobState.FAILED, True, JobState.FAILED),
        (JobState.FAILED, False, JobState.FAILED),
        (JobState.INTERRUPTED, True, JobState.INTERRUPTED),
        (JobState.INTERRUPTED, False, JobState.INTERRUPTED),
    ],
)
def test_the_state_is_what_was_written_unless_the_process_died(
    recorded: JobState | None, alive: bool, shown: JobState
) -> None:
    assert resolve_state(recorded, is_alive=alive) is shown


def test_the_table_above_is_complete() -> None:
    assert {state for state in JobState if state.has_ended} == ENDED
    assert len(JobState) == 8


def test_a_job_stores_its_settings(job: JobDirectory) -> None:
    again = JobDirectory(job.path)
    assert (again.name, again.kind, again.config()) == ("run-1", "train", {"epochs": 3, "note": "猫"})
    assert abs(again.created - time.time()) < 60


def test_a_job_is_not_made_twice(job: JobDirectory) -> None:
    """Two runs in one directory would write each other's files."""
    with pytest.raises(FileExistsError):
        JobDirectory.create(job.path, JobKind.TRAIN, {})


def test_a_job_of_another_format_is_not_misread(job: JobDirectory) -> None:
    write_json(job.path / "config.json", {"schema_version": 99, "kind": "train"})
    with pytest.raises(
        SchemaVersionError,
        match=r"config.json was written by Darkroom \? in format 99; .* reads formats up to 1",
    ):
        job.config()


def test_a_job_just_made_is_starting(job: JobDirectory) -> None:
    """Between the making of the directory and the launch."""
    assert job.status().state is JobState.STARTING
    assert job.process_id() is None


def test_a_job_that_was_never_launched_is_interrupted(job: JobDirectory) -> None:
    """The server died in between."""
    make_older(job, 60)
    assert job.status().state is JobState.INTERRUPTED


def test_a_job_made_before_the_clock_was_set_back_is_not_starting_for_hours(job: JobDirectory) -> None:
    make_older(job, -3600)
    assert job.status().state is JobState.INTERRUPTED


def test_a_living_process_keeps_its_job_running(job: JobDirectory) -> None:
    make_older(job, 60)
    note_process(job, psutil.Process())
    assert job.status().state is JobState.STARTING
    note_status(job, JobState.RUNNING, stage="training", stage_done=3, stage_total=9, fraction=0.25)
    status = job.status()
    assert status.state is JobState.RUNNING
    assert (status.stage, status.stage_done, status.stage_total, status.fraction) == ("training", 3, 9, 0.25)
    assert job.process_id() == os.getpid()


def test_a_killed_process_leaves_an_interrupted_job(job: JobDirectory) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note_process(job, psutil.Process(process.pid))
    note_status(job, JobState.RUNNING, stage="training")
    assert job.status().state is JobState.RUNNING
    process.kill()
    process.communicate()
    assert job.status().state is JobState.INTERRUPTED
    assert job.status().stage == "training"  # where it was


def test_a_zombie_is_dead(job: JobDirectory) -> None:
    """A killed worker stays in the table as long as the server, its parent, runs."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note_process(job, psutil.Process(process.pid))
    note_status(job, JobState.RUNNING)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert psutil.pid_exists(process.pid)
        assert job.status().state is JobState.INTERRUPTED
    finally:
        process.communicate()


@pytest.mark.parametrize("offset", [-3600.0, -5.0, 5.0, 3600.0])
def test_another_process_of_the_same_number_is_not_the_worker(job: JobDirectory, offset: float) -> None:
    """After a restart the numbers begin anew; a stranger must not keep a dead run “running” for ever."""
    note_process(job, psutil.Process(), offset)
    note_status(job, JobState.RUNNING)
    assert job.status().state is JobState.INTERRUPTED


def test_an_unused_process_id_is_dead() -> None:
    assert not process_lives(2**22 + 1, time.time())  # beyond the most that Linux gives
    assert process_lives(os.getpid(), psutil.Process().create_time())


def test_the_final_status_of_a_worker_counts_after_its_end(job: JobDirectory) -> None:
    note_process(job, psutil.Process(), -3600)
    note_status(
        job,
        JobState.FAILED,
        error=Message("{count} pictures are too few", {"count": 2}).to_json(),
        is_bug=False,
        seconds={"reading": 1.5},
    )
    status = job.status()
    assert status.state is JobState.FAILED
    assert str(status.error) == "2 pictures are too few"
    assert status.seconds == {"reading": 1.5}
    assert not status.is_bug


def test_results_and_metrics_are_none_before_they_are_written(job: JobDirectory) -> None:
    assert job.result() is None
    assert job.metrics() == []
    write_json(job.path / "result.json", {"accuracy": 0.5})
    append_json_line(job.path / "metrics.jsonl", {"epoch": 1})
    with (job.path / "metrics.jsonl").open("a") as stream:
        stream.write('{"epoch": 2, "lo')  # the worker is writing
    assert job.result() == {"accuracy": 0.5}
    assert job.metrics() == [{"epoch": 1}]


def test_a_stop_request_can_be_withdrawn(job: JobDirectory) -> None:
    assert not job.stop_requested()
    job.withdraw_stop()  # nothing to take back is no error
    job.request_stop()
    job.request_stop()
    assert job.stop_requested()
    assert JobDirectory(job.path).stop_requested()
    job.withdraw_stop()
    assert not job.stop_requested()


def test_jobs_are_listed_newest_first(tmp_path: Path) -> None:
    """By when they were made, not by name: imports and downloads stand together."""
    folder = tmp_path / "jobs"
    assert list_jobs(folder) == []
    for name, age in [("a", 30), ("c", 10), ("b", 20)]:
        make_older(JobDirectory.create(folder / name, JobKind.IMPORT, {}), age)
    (folder / "being made").mkdir()
    assert [job.name for job in list_jobs(folder)] == ["c", "b", "a"]


def test_a_worker_in_another_container_is_alive_while_it_renews_its_lease(job: JobDirectory) -> None:
    """Seen as interrupted, it would be resumed: two workers in one directory."""
    lease = Lease(job.path / LEASE_FILE)
    other = replace(ProcessRecord.of(), pid=2**22 + 1, namespace="pid:[1]")
    write_record(job.path / "process.json", other)
    an_hour_ago = (time.time() - 3600,) * 2
    os.utime(job.path / "process.json", an_hour_ago)
    assert job.is_alive()
    lease.release()
    assert not job.is_alive()
