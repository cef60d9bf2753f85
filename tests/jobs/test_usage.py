"""Resource usage of a job, measured on this very process."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from core.jobs import usage
from core.jobs.usage import UsageMeter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(usage, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_a_busy_core_of_four_is_a_quarter(clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """2 s of work within 2 s."""
    monkeypatch.setattr(usage, "cpu_cores", lambda: 4)
    seconds = iter([10.0, 12.0, 12.0])
    monkeypatch.setattr(usage, "_cpu_seconds", lambda processes: next(seconds))
    meter = UsageMeter()
    assert meter.usage() is None
    clock.now += 2
    first = meter.usage()
    assert first is not None
    assert first.cpu_percent == 25
    clock.now += 0.9
    assert meter.usage() is first  # not looked at again within a second
    clock.now += 0.1
    second = meter.usage()
    assert second is not None
    assert second.cpu_percent == 0


def test_memory_counts_the_processes_it_started(clock: SimpleNamespace) -> None:
    meter = UsageMeter()
    clock.now += 1
    alone = meter.usage()
    program = "data = bytearray(b'x') * (64 << 20); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        clock.now += 1
        together = meter.usage()
        child.communicate(b"\n")
    assert alone is not None
    assert together is not None
    assert alone.memory_bytes >= psutil.Process().memory_info().rss // 2
    assert together.memory_bytes - alone.memory_bytes > 64 << 20


def test_gpus_are_watched_where_a_job_has_some(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "gpu_usage", lambda numbers: (55.0, 3 << 30) if list(numbers) == [1] else None)
    meter = UsageMeter()
    clock.now += 1
    without = meter.usage()
    meter.gpus = [1]
    clock.now += 1
    with_gpu = meter.usage()
    assert without is not None
    assert with_gpu is not None
    assert (without.gpu_percent, without.gpu_memory_bytes) == (None, None)
    assert (with_gpu.gpu_percent, with_gpu.gpu_memory_bytes) == (55.0, 3 << 30)
