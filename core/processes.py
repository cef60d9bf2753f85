"""Processes: identity, by id, start time, system and namespace; modules run in a process of their own.

Ids are reused, and each container and each machine counts its own. A shared workspace is seen
from several of them; ``core.leases`` says whether a process that is not visible here lives.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

import core
from core.records import Record

_START_TIME_TOLERANCE_SECONDS = 1.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Of the fields of /proc/PID/stat after the name; field 22 in proc(5).
_START_TICKS_FIELD = 19
_NAMESPACE = Path("/proc/self/ns/pid")
# Of the package, where its modules are found.
_ROOT = Path(core.__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class ProcessRecord(Record):
    """Identity of one process."""

    pid: int
    # Seconds since the epoch.
    started: float
    # See ``running_system`` and ``process_namespace``; "" where an older version wrote the record.
    system: str = ""
    namespace: str = ""
    # Clock ticks from the system's start to the process's; 0 where unknown. Setting the clock changes
    # ``started`` of a running process, but not this.
    start_ticks: int = 0

    @classmethod
    def of(cls, process_id: int | None = None) -> ProcessRecord:
        """Describe a running process, by default this one."""
        process = psutil.Process(os.getpid() if process_id is None else process_id)
        return cls(
            pid=process.pid,
            started=process.create_time(),
            system=running_system(),
            namespace=process_namespace(),
            start_ticks=start_ticks_of(process.pid),
        )

    def is_on_this_system(self) -> bool:
        """True if the process shares this computer's devices, perhaps from another container."""
        return self.system in {"", running_system()}

    def is_visible(self) -> bool:
        """True if this process's namespace shows the process, so that it can be looked up."""
        return self.is_on_this_system() and self.namespace in {"", process_namespace()}

    def is_alive(self) -> bool:
        """True while this process runs and is not a zombie; False for one that is not visible here."""
        return self.is_visible() and process_lives(self.pid, self.started, self.start_ticks)


@cache
def running_system() -> str:
    """Identity of the running system: its boot on Linux, elsewhere the computer's network address."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return f"{uuid.getnode():012x}"


@cache
def process_namespace() -> str:
    """Identity of the process namespace, which each container has for itself; "-" without namespaces."""
    try:
        return str(_NAMESPACE.readlink())
    except OSError:
        return "-"


def start_ticks_of(process_id: int) -> int:
    """Clock ticks from the system's start to the start of a process; 0 where unknown."""
    try:
        # The second field, the program's name, may hold spaces and brackets.
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        return int(fields[_START_TICKS_FIELD])
    except (OSError, IndexError, ValueError):
        return 0


def process_lives(process_id: int, started: float, start_ticks: int = 0) -> bool:
    """True if the process that began then runs and is not a zombie.

    Args:
        started: seconds since the epoch; it counts where ticks are unknown.
    """
    try:
        process = psutil.Process(process_id)
        ticks = start_ticks_of(process_id)
        if ticks and start_ticks:
            same = ticks == start_ticks
        else:
            same = abs(process.create_time() - started) < _START_TIME_TOLERANCE_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def asked_module(module: str, log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a module of Darkroom that answers on its standard streams; its process ends with the block.

    Args:
        log: receives what it prints as errors.
        environment: all its variables.
    """
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=_ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stream,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def run_module(
    module: str,
    arguments: tuple[str | Path, ...],
    *,
    failure: str,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a module of Darkroom to its end in a process of its own.

    Args:
        failure: what did not succeed, for the error.
        environment: variables besides this process's own.
    Raises:
        RuntimeError: it failed; the error holds what it printed.
    """
    outcome = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=_ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if outcome.returncode:
        raise RuntimeError(f"{failure} (exit code {outcome.returncode}):\n{outcome.stderr.strip()}")
