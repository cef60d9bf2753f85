"""``python -m core`` as a script calls it: a process of its own, one JSON object on standard output.

A process takes seconds to start. What says nothing about processes asks in this one, with :func:`answer_here`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState

ROOT = Path(__file__).resolve().parents[2]
# Ends a wait in vain; says nothing about speed.
PATIENCE_SECONDS = 300.0
# Longest time until a stop works: what the page promises, and what a busy machine adds. Without it, the work
# would take hours or hang for ever; benchmarks/ measures how soon a stop works.
STOP_SECONDS = 3.0 + 60.0
# A shell's background job ignores Ctrl-C, and its children inherit that; a terminal's does not.
_START = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from core.__main__ import main; sys.exit(main())"
)


def start_command(home: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a command with ``--json`` in a workspace."""
    return subprocess.Popen(
        [sys.executable, "-c", _START, *map(str, arguments), "--json"],
        cwd=ROOT,
        env=os.environ | {"DARKROOM_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal of its own, so that its signals reach nobody else
    )


def signal_terminal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Signal a command and all that it started in its terminal, as Ctrl-C and a closed window do."""
    os.killpg(process.pid, number)


def answer_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Read the answer of a command that ended well: exactly one JSON object, on one line."""
    output, complaints = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, complaints
    assert output.count("\n") == 1
    return dict(json.loads(output))


def run_command(home: Path, *arguments: str | Path) -> dict[str, Any]:
    """Run a command to its end and get its answer."""
    return answer_of(start_command(home, *arguments))


def answer_here(home: Path, *arguments: str | Path) -> dict[str, Any]:
    """The answer of a command that runs in this process."""
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
        patch.setenv("DARKROOM_HOME", str(home))
        assert main([*map(str, arguments), "--json"]) == 0
    return dict(json.loads(output.getvalue()))


def started_run(process: subprocess.Popen[str], runs: Path) -> JobDirectory:
    """The run that a ``train`` command has just said it started."""
    assert process.stderr is not None
    words = process.stderr.readline().split()
    assert words[0] == "run", words
    return JobDirectory(runs / words[1])


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until something is so; fail if it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def wait_for_state(job: JobDirectory, *states: JobState) -> None:
    """Wait for one of the states; fail if the job ends in another."""

    def reached() -> bool:
        state = job.status().state
        assert state in states or not state.has_ended, f"{state}\n{log_of(job)}"
        return state in states

    wait_until(reached, f"{job.name} to be {' or '.join(states)}")


def log_of(job: JobDirectory) -> str:
    return (job.path / "worker.log").read_text(encoding="utf-8", errors="replace")
