"""Real workers for tests, and none of them left behind."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.jobs.directory import JobDirectory
from core.jobs.launcher import launch
from core.workspace import Project, new_job_name, open_staging, publish_project

STEPS = "tests.jobs.steps"

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
    """``start_steps("first", "second", …)`` runs steps of ``tests/jobs/steps.py`` in a real worker.

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
