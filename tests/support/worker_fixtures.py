"""Real workers for tests, and none of them left behind."""

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
from core.jobs.launcher import launch
from core.jobs.worker import JOB_KINDS
from core.training.config import TrainingConfig
from core.workspace import Project, new_job_name, open_staging, publish_project

STEPS = "tests.support.job_steps"

Eventually = Callable[..., None]
StartSteps = Callable[..., JobDirectory]


@pytest.fixture
def eventually() -> Eventually:
    """``eventually(condition)`` waits until it is true, and fails after a minute."""

    def wait(condition: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
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
            if "core.jobs.worker" in process.cmdline():
                process.kill()
                process.wait(10)


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
            JobDirectory.create(project.runs / "run", "train", {"epochs": 3})
        steps = [f"{STEPS}:{name}" for name in names]
        config = {"job": str(project.runs / "run"), "steps": steps}
        job = JobDirectory.create(project.jobs / new_job_name("finish"), "finish", config)
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
        steps = tuple(f"{STEPS}:{name}" for name in names)
        monkeypatch.setitem(JOB_KINDS, "train", replace(JOB_KINDS["train"], steps=steps))
        stand_in = SimpleNamespace(
            Popen=partial(_start_patched, steps), DEVNULL=subprocess.DEVNULL, STDOUT=subprocess.STDOUT
        )
        monkeypatch.setattr("core.jobs.launcher.subprocess", stand_in)

    return patch


@pytest.fixture
def run_of_steps(project: Project, train_with: Callable[..., None]) -> StartSteps:
    """``run_of_steps("first", …)`` makes a run with these steps, not started yet."""

    def make(*names: str, **config: object) -> JobDirectory:
        train_with(*names)
        settings = TrainingConfig(dataset_version=1, epochs=3).to_json() | config
        return JobDirectory.create(project.runs / new_job_name("run"), "train", settings)

    return make


def _start_patched(steps: tuple[str, ...], command: list[str], **options: Any) -> subprocess.Popen:
    """Start a worker, the same in all but the steps of its kind and its patience."""
    program = (
        "import sys, core.jobs.worker as worker\n"
        "from dataclasses import replace\n"
        f"worker.JOB_KINDS['train'] = replace(worker.JOB_KINDS['train'], steps={steps!r})\n"
        "worker._PAUSE_PATIENCE_SECONDS = 0.5\n"
        "sys.exit(worker.main())\n"
    )
    return subprocess.Popen([command[0], "-c", program, *command[3:], "core.jobs.worker"], **options)
