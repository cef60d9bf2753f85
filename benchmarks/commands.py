"""Darkroom's commands, and the scripts it is compared with, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A command that was run to its end: its JSON answer and how long it took."""

    answer: dict[str, Any]
    seconds: float


def train(home: Path, project: str, *options: str) -> Outcome:
    """``train``, to its end.

    Raises:
        RuntimeError: the run did not finish.
    """
    outcome = darkroom(home, "train", "--project", project, *options)
    if outcome.answer["state"] != "finished":
        raise RuntimeError(f"the run ended as {outcome.answer['state']}: its figures would mean nothing")
    return outcome


def darkroom(home: Path, command: str, *arguments: str) -> Outcome:
    """One of Darkroom's commands, in the workspace ``home``."""
    log(f"darkroom {command} {' '.join(arguments)}")
    return run_module(["core", command, *arguments, "--json"], home)


def run_module(module: Sequence[str], home: Path) -> Outcome:
    """Run ``python -m MODULE …`` to its end; what it says in between is kept for the error only.

    Raises:
        RuntimeError: it failed.
    """
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=_ROOT,
        env={**os.environ, "DARKROOM_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise RuntimeError(f"python -m {' '.join(module)} failed ({ended.returncode}):\n{ended.stderr}")
    return Outcome(answer=json.loads(ended.stdout.splitlines()[-1]), seconds=seconds)


def log(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)
