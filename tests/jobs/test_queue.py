"""The device has one user at a time, in the order of the jobs, and no dead job blocks it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.devices import Device
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch
from core.jobs.queue import rivals_of, turn_on_device
from core.jobs.status import JobState
from core.jobs.worker import Worker
from core.processes import ProcessRecord
from core.progress import JobStopped
from core.records import write_record
from core.workspace import jobs_folder
from tests.conftest import ROOT
from tests.support.command_line import PATIENCE_SECONDS

PROGRAM = """
import sys
from core.jobs.queue import rivals_of, turn_on_device

name, created, log, wait = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4] == "wait"
with turn_on_device("cpu", name, created, lambda: False):
    with open(log, "a") as stream:
        stream.write(f"{name} begins\\n")
    if wait:
        input()
    with open(log, "a") as stream:
        stream.write(f"{name} ends\\n")
"""

Process = subprocess.Popen
Start = Callable[..., Process]


def never() -> bool:
    return False


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def start(log: Path) -> Iterator[Start]:
    """Start a process that takes its turn; with ``wait`` it holds the device until it is told to end."""
    workers = []

    def begin(name: str, created: float, *, wait: bool = False) -> Process:
        workers.append(
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, name, str(created), str(log), "wait" if wait else "go"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return workers[-1]

    yield begin
    for worker in workers:
        worker.kill()
        worker.communicate()


def tickets(workspace: Path) -> list[str]:
    return sorted(path.name.split("-", 1)[1] for path in (workspace / "queue" / "cpu").glob("[0-9]*.json"))


def test_jobs_take_turns_in_the_order_in_which_they_were_made(
    workspace: Path, log: Path, start: Start, eventually: Callable
) -> None:
    """Not in the order in which their processes happened to come up."""
    with turn_on_device("cpu", "0", 0.0, never):
        workers = [start(name, float(name)) for name in ("3", "1", "20", "2")]
        eventually(lambda: tickets(workspace) == ["0.json", "1.json", "2.json", "20.json", "3.json"])
        assert log.read_text() == ""
    for worker in workers:
        assert worker.wait(PATIENCE_SECONDS) == 0
    expected = [f"{name} {what}" for name in ("1", "2", "3", "20") for what in ("begins", "ends")]
    assert log.read_text().splitlines() == expected
    assert tickets(workspace) == []


def test_an_older_job_does_not_interrupt_the_one_at_work(
    workspace: Path, log: Path, start: Start, eventually: Callable
) -> None:
    """A resumed run is older than what was started since."""
    younger = start("younger", 9.0, wait=True)
    eventually(lambda: "younger begins" in log.read_text())
    older = start("older", 1.0)
    eventually(lambda: "older.json" in tickets(workspace))
    younger.communicate("\n")
    assert older.wait(PATIENCE_SECONDS) == 0
    assert log.read_text().splitlines() == ["younger begins", "younger ends", "older begins", "older ends"]


def test_a_killed_job_makes_way(workspace: Path, log: Path, start: Start, eventually: Callable) -> None:
    """It never took its ticket back; as a zombie it even still has a number."""
    dead = start("dead", 1.0, wait=True)
    eventually(lambda: "dead begins" in log.read_text())
    dead.kill()  # not waited for: a zombie from here on
    assert start("next", 2.0).wait(PATIENCE_SECONDS) == 0
    assert log.read_text().splitlines() == ["dead begins", "next begins", "next ends"]
    assert tickets(workspace) == []


def test_a_job_killed_in_the_queue_makes_way(
    workspace: Path, log: Path, start: Start, eventually: Callable
) -> None:
    first = start("first", 1.0, wait=True)
    eventually(lambda: "first begins" in log.read_text())
    waiting = start("waiting", 2.0)
    eventually(lambda: tickets(workspace) == ["first.json", "waiting.json"])
    waiting.kill()
    waiting.communicate()
    third = start("third", 3.0)
    eventually(lambda: "third.json" in tickets(workspace))
    first.communicate("\n")
    assert third.wait(PATIENCE_SECONDS) == 0
    assert tickets(workspace) == []


def test_a_ticket_being_written_is_ignored(workspace: Path) -> None:
    """Another worker's temporary file, or what a crash left of it, must not break this one for ever."""
    folder = workspace / "queue" / "cpu"
    folder.mkdir(parents=True)
    (folder / ".0a1b2c.json").write_text("")
    with turn_on_device("cpu", "me", 1.0, never):
        assert tickets(workspace) == ["me.json"]


def foreign_ticket(workspace: Path, name: str, system: str | None = None) -> Path:
    """An older ticket whose worker is not visible here, and that was touched just now."""
    ticket = workspace / "queue" / "cpu" / f"0000000000000.000000-{name}.json"
    worker = replace(ProcessRecord.of(), pid=2**22 + 1, namespace="pid:[1]")
    write_record(ticket, replace(worker, system=system or worker.system))
    return ticket


def test_a_job_in_another_container_comes_first(workspace: Path) -> None:
    """It uses the same device, and its process number means nothing here."""
    ticket = foreign_ticket(workspace, "theirs")
    with pytest.raises(JobStopped), turn_on_device("cpu", "mine", 1.0, lambda: True):
        pytest.fail("the device is taken")
    os.utime(ticket, (0, 0))
    with turn_on_device("cpu", "mine", 1.0, never):
        assert tickets(workspace) == ["mine.json"]


def test_a_job_on_another_machine_has_a_device_of_its_own(workspace: Path) -> None:
    ticket = foreign_ticket(workspace, "theirs", system="another machine")
    with turn_on_device("cpu", "mine", 1.0, never):
        assert ticket.exists()


def test_a_job_stopped_in_the_queue_leaves_it(workspace: Path) -> None:
    with turn_on_device("cpu", "first", 1.0, never):
        with pytest.raises(JobStopped), turn_on_device("cpu", "second", 2.0, lambda: True):
            pytest.fail("the device is taken")
        assert tickets(workspace) == ["first.json"]
        with pytest.raises(JobStopped), turn_on_device("cpu", "third", 3.0, lambda: True):
            pytest.fail("leaving the queue must not have freed the device")


def test_a_job_that_breaks_frees_the_device(workspace: Path) -> None:
    with pytest.raises(ZeroDivisionError), turn_on_device("cpu", "first", 1.0, never):
        raise ZeroDivisionError
    assert tickets(workspace) == []
    with turn_on_device("cpu", "second", 2.0, never):
        assert tickets(workspace) == ["second.json"]


def test_devices_do_not_wait_for_each_other() -> None:
    with turn_on_device("cpu", "first", 1.0, never), turn_on_device("gpu-0", "second", 2.0, never):
        pass


def test_a_worker_waits_for_the_device_and_can_be_stopped_there(
    workspace: Path, eventually: Callable
) -> None:
    """A queued run shows as queued; Stop takes it out without starting it."""
    with turn_on_device("cpu", "first", 1.0, never):
        job = JobDirectory.create(jobs_folder() / "measure-1", JobKind.MEASURE, {})
        launch(job)
        eventually(lambda: job.status().state is JobState.QUEUED)
        eventually(lambda: tickets(workspace) == ["first.json", "measure-1.json"])
        job.request_stop()
        eventually(lambda: job.status().state is JobState.STOPPED)
        eventually(lambda: tickets(workspace) == ["first.json"])
    assert job.result() is None
    assert job.status().seconds == {}


def test_a_run_waits_in_the_queue_of_each_device_it_uses(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two GPUs at once, and CUDA sees these two alone; a third would serve another run meanwhile."""
    gpus = tuple(Device(key=f"gpu:{number}", name="NVIDIA H100", memory_bytes=80 << 30) for number in (1, 2))
    monkeypatch.setattr("core.jobs.worker.chosen_devices", lambda: gpus)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    job = JobDirectory.create(jobs_folder() / "measure-1", JobKind.MEASURE, {})
    with Worker(job)._device():
        waiting = sorted(path.parent.name for path in (workspace / "queue").glob("*/*measure-1.json"))
        assert waiting == ["gpu-1", "gpu-2"]
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "1,2"
        assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
        assert job.environment().device == "NVIDIA H100 + NVIDIA H100"
        with pytest.raises(JobStopped), turn_on_device("gpu-2", "other", 9e9, lambda: True):
            pytest.fail("the second GPU is taken as well")
        with turn_on_device("gpu-0", "other", 9e9, never):
            pass
    assert list((workspace / "queue").glob("*/*measure-1.json")) == []


def test_the_rivals_of_a_job_wait_for_the_same_device(workspace: Path) -> None:
    with (
        turn_on_device("cpu", "first", 1.0, never),
        turn_on_device("gpu-0", "other", 2.0, never),
    ):
        write_record(workspace / "queue" / "cpu" / "0000000000009.000000-mine.json", ProcessRecord.of())
        assert rivals_of("mine") == ["first"]
        assert rivals_of("nobody") == []
