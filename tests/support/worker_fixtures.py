"""Fixtures of real workers, none of which outlives its test."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from core.jobs.directory import JobDirectory
from core.jobs.ending import create_finish_job
from core.jobs.kinds import JOB_TYPES, JobKind
from core.jobs.launcher import launch
from core.training.config import TrainingConfig
from core.workspace import Project, new_job_name, open_staging, publish_project
from tests.support.command_line import PATIENCE_SECONDS
from tests.support.throwaway_job import add_throwaway_kind, remove_throwaway_kind, steps_named

WORKER_SITE = Path(__file__).with_name("worker_site")

Eventually = Callable[..., None]
StartSteps = Callable[..., JobDirectory]


@pytest.fixture
def eventually() -> Eventually:
    """``eventually(condition)`` waits until it is true, and fails after five minutes."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "this did not happen in time"
            time.sleep(0.005)

    return wait


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    """Kill what a failed test leaves running."""
    yield
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if {"core.jobs.worker", "core.jobs.warm_worker"} & set(process.cmdline()):
                process.kill()
                process.wait(10)


@pytest.fixture(autouse=True)
def steps_for_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the steps of ``tests/support/job_steps.py`` known here and in every process started from here."""
    monkeypatch.setenv("PYTHONPATH", str(WORKER_SITE))
    add_throwaway_kind()
    yield
    remove_throwaway_kind()


@pytest.fixture
def project() -> Project:
    return publish_project(open_staging(), "Leaves")


@pytest.fixture
def start_steps(project: Project) -> StartSteps:
    """``start_steps("first", "second", …)`` runs steps of ``tests/support/job_steps.py`` in a real worker.

    They are given the directory of the run ``project.runs/run``, with the config ``{"epochs": 3}``.
    """

    def start(*names: str) -> JobDirectory:
        if not (project.runs / "run").exists():
            JobDirectory.create(project.runs / "run", JobKind.TRAIN, {"epochs": 3})
        job = create_finish_job(project.runs / "run", steps_named(*names))
        launch(job)
        return job

    return start


@pytest.fixture
def log_of() -> Callable[[JobDirectory], str]:
    def read(job: JobDirectory) -> str:
        return Path(job.path / "worker.log").read_text(encoding="utf-8")

    return read


@pytest.fixture
def train_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``train_with("first", …)`` lets every run that is launched from here have these steps."""

    def patch(*names: str) -> None:
        steps = steps_named(*names)
        monkeypatch.setitem(JOB_TYPES, JobKind.TRAIN, replace(JOB_TYPES[JobKind.TRAIN], steps=steps))
        stand_in = SimpleNamespace(
            Popen=partial(_start_patched, names), DEVNULL=subprocess.DEVNULL, STDOUT=subprocess.STDOUT
        )
        monkeypatch.setattr("core.jobs.launcher.subprocess", stand_in)

    return patch


@pytest.fixture
def run_of_steps(project: Project, train_with: Callable[..., None]) -> StartSteps:
    """``run_of_steps("first", …)`` makes a run with these steps, not started yet."""

    def make(*names: str, **config: object) -> JobDirectory:
        train_with(*names)
        settings = TrainingConfig(dataset_version=1, epochs=3).to_json() | config
        return JobDirectory.create(project.runs / new_job_name("run"), JobKind.TRAIN, settings)

    return make


def _start_patched(names: tuple[str, ...], command: list[str], **options: Any) -> subprocess.Popen:
    """Start a worker that differs only in the steps of its kind and in its patience."""
    program = (
        "import sys, core.jobs.worker as worker\n"
        "from dataclasses import replace\n"
        "from core.jobs.kinds import JOB_TYPES, JobKind\n"
        "from tests.support.throwaway_job import steps_named\n"
        f"steps = steps_named(*{names!r})\n"
        "JOB_TYPES[JobKind.TRAIN] = replace(JOB_TYPES[JobKind.TRAIN], steps=steps)\n"
        "worker._PAUSE_PATIENCE_SECONDS = 0.5\n"
        "sys.exit(worker.main())\n"
    )
    return subprocess.Popen([command[0], "-c", program, *command[3:], "core.jobs.worker"], **options)
