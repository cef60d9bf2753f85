"""Leases: who lives is seen from other containers and machines, and under any clock."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core import leases
from core.leases import Lease, is_held, is_renewed
from core.processes import ProcessRecord, process_lives
from core.records import write_record
from core.workspace import close_staging, open_staging
from tests.conftest import ROOT
from tests.support.command_line import PATIENCE_SECONDS

HOLD = "from core.leases import Lease; from pathlib import Path; import sys; Lease(Path(sys.argv[1])); print('held', flush=True); input()"
BUILD = "from core.workspace import open_staging; print(open_staging(), flush=True); input()"
OTHER_CONTAINER = ["unshare", "--pid", "--fork", "--mount-proc"]

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a Python program that prints a line and then waits."""
    started: list[subprocess.Popen[str]] = []

    def begin(program: str, *arguments: str, around: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        command = [*around, sys.executable, "-c", program, *arguments]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def make_foreign(path: Path, system: str | None = None) -> None:
    """Rewrite the holder as one of another container, in the same file, so that its lock stays."""
    other = path.with_name("other.json")
    holder = replace(ProcessRecord.of(), pid=2**22 + 1, namespace="pid:[1]")
    holder = replace(holder, system=system or holder.system)
    write_record(other, holder)
    path.write_bytes(other.read_bytes())


def touched(path: Path, seconds_ago: float) -> None:
    os.utime(path, (time.time() - seconds_ago,) * 2)


def test_a_lease_is_held_until_it_is_released(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "a.json")
    assert is_held(lease.path)
    lease.release()
    assert not lease.path.exists()
    assert not is_held(lease.path)


def test_a_lease_that_another_process_took_over_stays(tmp_path: Path) -> None:
    """The computer of the first holder slept for too long."""
    first, second = Lease(tmp_path / "a.json"), Lease(tmp_path / "a.json")
    first.release()
    assert is_held(second.path)
    second.release()
    assert not second.path.exists()


def test_a_holder_that_was_killed_here_holds_nothing_at_once(tmp_path: Path, start: Start) -> None:
    holder = start(HOLD, str(tmp_path / "a.json"))
    assert line_of(holder) == "held"
    assert is_held(tmp_path / "a.json")
    holder.kill()
    holder.wait()
    assert not is_held(tmp_path / "a.json")


def test_a_lock_is_a_sign_of_life_from_another_container(tmp_path: Path, start: Start) -> None:
    """Its process number means nothing here, and the last touch may be long ago by a wrong clock."""
    path = tmp_path / "a.json"
    holder = start(HOLD, str(path))
    assert line_of(holder) == "held"
    make_foreign(path)
    touched(path, 3600)
    assert is_held(path)
    holder.kill()
    holder.wait()
    touched(path, 3600)
    assert not is_held(path)


@pytest.mark.parametrize(("seconds_ago", "expected"), [(0, True), (30, True), (90, False), (-90, False)])
def test_without_a_lock_the_last_touch_decides(tmp_path: Path, seconds_ago: float, expected: bool) -> None:
    """File servers may not pass locks on. A touch in the future is none of a living holder."""
    path = tmp_path / "a.json"
    path.touch()
    make_foreign(path, system="another machine")
    touched(path, seconds_ago)
    assert is_held(path) is is_renewed(path) is expected


def test_a_disk_without_room_for_a_probe_does_not_break_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder may live, so nobody takes its work."""

    def full(_: Path) -> float:
        raise OSError(errno.EDQUOT, "quota")

    path = tmp_path / "a.json"
    path.touch()
    monkeypatch.setattr(leases, "_now_there", full)
    assert is_renewed(path)


def test_two_who_look_at_a_lease_do_not_take_each_other_for_its_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.touch()
    touched(path, 3600)
    now_there = leases._now_there
    seen = []

    def meanwhile(folder: Path) -> float:
        monkeypatch.setattr(leases, "_now_there", now_there)
        seen.append(is_renewed(path))
        return now_there(folder)

    monkeypatch.setattr(leases, "_now_there", meanwhile)
    seen.append(is_renewed(path))
    assert seen == [False, False]


def test_a_lease_is_locked_although_somebody_looks_at_it_as_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its lock, a computer that slept for an hour would have lost its job to another one."""
    lock = leases._lock

    def busy(file: int) -> bool:
        monkeypatch.setattr(leases, "_lock", lock)
        return False

    monkeypatch.setattr(leases, "_lock", busy)
    lease = Lease(tmp_path / "a.json")
    touched(lease.path, 3600)
    assert is_renewed(lease.path)
    lease.release()


def test_a_holder_touches_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_TOUCH_SECONDS", 0.01)
    lease = Lease(tmp_path / "a.json")
    touched(lease.path, 3600)
    began = lease.path.stat().st_mtime
    deadline = time.monotonic() + PATIENCE_SECONDS
    while lease.path.stat().st_mtime == began and time.monotonic() < deadline:
        pass
    assert lease.path.stat().st_mtime > began + 3000
    lease.release()


def test_a_clock_that_is_set_kills_nobody() -> None:
    """The start time in seconds moves with the clock; the ticks since the system's start do not."""
    me = ProcessRecord.of()
    assert replace(me, started=me.started - 3600).is_alive()
    assert not replace(me, start_ticks=me.start_ticks + 1).is_alive()
    assert not process_lives(me.pid, me.started - 3600)


def test_a_process_of_another_container_is_not_looked_up_here() -> None:
    me = ProcessRecord.of()
    assert me.is_visible()
    assert not replace(me, namespace="pid:[1]").is_visible()
    assert replace(me, namespace="pid:[1]").is_on_this_system()
    assert not replace(me, system="another").is_on_this_system()
    assert ProcessRecord(pid=me.pid, started=me.started).is_visible()  # written by an older version


def can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*OTHER_CONTAINER, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="needs the right to make a process namespace")
def test_an_import_in_another_container_keeps_its_staging_folder(workspace: Path, start: Start) -> None:
    """It lost its folder under its hands, and said that the disk was full."""
    inside = start(BUILD, around=tuple(OTHER_CONTAINER))
    building = Path(line_of(inside))
    own = open_staging()
    assert building.is_dir()
    second = start(BUILD, around=tuple(OTHER_CONTAINER))
    assert Path(line_of(second)).is_dir()
    assert own.is_dir()
    assert building.is_dir()
    close_staging(own)
    assert not own.exists()
    assert len(list((workspace / "leases").iterdir())) == 2
