"""Resource usage of a worker: CPU, memory and GPUs of its processes."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence

import psutil

from core.devices import cpu_cores, gpu_usage
from core.jobs.status import Usage

_SAMPLE_EVERY_SECONDS = 1.0


class UsageMeter:
    """Sampler of this process and its children, at most once a second."""

    def __init__(self) -> None:
        # Numbers of the GPUs that the job uses.
        self.gpus: Sequence[int] = ()
        self._process = psutil.Process(os.getpid())
        self._sampled = time.monotonic()
        self._cpu_seconds = _cpu_seconds([self._process])
        self._usage: Usage | None = None

    def usage(self) -> Usage | None:
        """Get the newest sample; None until a second has passed."""
        passed = time.monotonic() - self._sampled
        if passed >= _SAMPLE_EVERY_SECONDS:
            self._usage = self._sample(passed)
            self._sampled += passed
        return self._usage

    def _sample(self, passed: float) -> Usage:
        processes = [self._process, *self._process.children(recursive=True)]
        cpu_seconds = _cpu_seconds(processes)
        share = max(0.0, cpu_seconds - self._cpu_seconds) / passed / cpu_cores()
        self._cpu_seconds = cpu_seconds
        gpu = gpu_usage(self.gpus)
        return Usage(
            cpu_percent=round(min(100.0, 100 * share), 1),
            memory_bytes=_memory_bytes(processes),
            gpu_percent=gpu[0] if gpu else None,
            gpu_memory_bytes=gpu[1] if gpu else None,
        )


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    """Add up the core seconds of processes and of their ended children."""
    total = 0.0
    for process in processes:
        # It may have ended just now.
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _memory_bytes(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total
