"""The process that does the work: ``python -m core.jobs.worker JOB_DIRECTORY``.

Knows which steps each kind of job has, and nothing of what they do.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DarkroomError
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory, JobState
from core.jobs.launcher import launch
from core.jobs.queue import turn_on_device
from core.jobs.reporting import JobReporter
from core.messages import N_, Message
from core.progress import JobStopped, Progress, raise_if_stopped
from core.workspace import backbones_folder, new_job_name

log = logging.getLogger("darkroom.worker")

Step = Callable[[Path, dict[str, Any], Progress], dict[str, Any]]

# Stop must end a job within 3 s; a step that has not answered after this long is left behind.
_STOP_PATIENCE_SECONDS = 2.0
_LOOK_FOR_STOP_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """What a kind of job does: step functions, as ``module:function``, in order."""

    steps: tuple[str, ...]
    needs_device: bool = False


JOB_KINDS = {
    "import": JobKind(steps=("core.data.job:import_pictures",)),
    "examine": JobKind(steps=("core.doctor.job:examine_dataset",), needs_device=True),
    "group": JobKind(steps=("core.doctor.labelling:prepare_labelling",), needs_device=True),
    "handover": JobKind(steps=("core.doctor.handover:hand_over",)),
    "download": JobKind(steps=("core.models.job:download",)),
    "measure": JobKind(steps=("core.models.job:measure",), needs_device=True),
    "bakeoff": JobKind(steps=("core.training.bakeoff:bake_off",), needs_device=True),
    "train": JobKind(
        steps=("core.training.job:train", "core.evaluation.job:evaluate", "core.delivery.job:deliver"),
        needs_device=True,
    ),
    # What a stopped job left to do once its best was safe: its remaining steps, on its directory.
    "finish": JobKind(steps=()),
}


def main() -> int:
    """Run the job whose directory is the first argument; 0 if it finished or was stopped."""
    job = JobDirectory(Path(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _prepare_environment()
    return Worker(job).run()


class Worker:
    """One run through a job's steps."""

    def __init__(self, job: JobDirectory) -> None:
        self._job = job
        self._config = job.config()
        self._target = Path(self._config["job"]) if job.kind == "finish" else job.path
        self._steps: tuple[str, ...] = (
            tuple(self._config["steps"]) if job.kind == "finish" else JOB_KINDS[job.kind].steps
        )
        self._reporter = JobReporter(job)
        self._results: dict[str, Any] = self._earlier_results()
        if job.kind != "finish":
            (job.path / "metrics.jsonl").unlink(missing_ok=True)  # of an attempt that was interrupted
        self._done = 0
        self._ending = threading.Lock()

    def run(self) -> int:
        threading.Thread(target=self._watch_for_stop, name="stop-watcher", daemon=True).start()
        try:
            with self._device():
                for step in self._steps:
                    raise_if_stopped(self._reporter)
                    self._run_step(step)
            with self._ending:
                self._reporter.set_state(JobState.FINISHED)
            return 0
        except JobStopped:
            self._end_stopped()
            return 0
        except DarkroomError as error:
            log.error("%s", error)
            self._reporter.set_state(JobState.FAILED, error.message)
            return 2
        except Exception as error:  # the one broad catch: a worker's edge
            log.exception("The job broke")
            detail = {"error": f"{type(error).__name__}: {error}", "log": str(self._job.path / "worker.log")}
            message = Message(
                N_("Something broke inside Darkroom ({error}). The details are in {log}."), detail
            )
            self._reporter.set_state(JobState.FAILED, message, is_bug=True)
            return 1

    def _run_step(self, step: str) -> None:
        module, function = step.split(":")
        run: Step = getattr(importlib.import_module(module), function)
        target = JobDirectory(self._target)
        result = run(self._target, target.config(), self._reporter)
        with self._ending:
            self._record(result)
            self._done += 1
            self._reporter.kept = None  # what the step returned is better

    def _record(self, result: dict[str, Any]) -> None:
        self._results.update(result)
        write_json(self._target / "result.json", self._results)

    def _earlier_results(self) -> dict[str, Any]:
        file = self._target / "result.json"
        return dict(read_json(file)) if self._job.kind == "finish" and file.exists() else {}

    def _device(self) -> contextlib.AbstractContextManager[None]:
        if not JOB_KINDS[self._job.kind].needs_device:
            return contextlib.nullcontext()
        self._reporter.set_state(JobState.QUEUED)
        return turn_on_device("cpu", self._job.name, self._job.created, self._reporter.should_stop)

    def _watch_for_stop(self) -> None:
        """End the process when a step does not answer Stop in time (an import, a conversion)."""
        while not self._reporter.should_stop():
            time.sleep(_LOOK_FOR_STOP_SECONDS)
        time.sleep(_STOP_PATIENCE_SECONDS)
        self._end_stopped()
        os._exit(0)

    def _end_stopped(self) -> None:
        """Record the stop; where something is worth keeping, leave the remaining steps to a job of their own."""
        # Held for good: whoever comes second (the step or the watcher) waits until the process ends.
        self._ending.acquire()
        finished = self._done == len(self._steps)
        if self._reporter.kept is not None and self._done < len(self._steps):
            self._record(self._reporter.kept)
            self._done += 1
        remaining = self._steps[self._done :]
        if self._done and remaining:
            self._launch_remaining(remaining)
        self._reporter.set_state(JobState.FINISHED if finished else JobState.STOPPED)

    def _launch_remaining(self, steps: tuple[str, ...]) -> None:
        folder = self._target.parent.parent / "jobs"
        config = {"job": str(self._target), "steps": list(steps)}
        launch(JobDirectory.create(folder / new_job_name("finish"), "finish", config))


def _prepare_environment() -> None:
    """Set what Keras and TensorFlow read when they are first imported."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("KERAS_HOME", str(backbones_folder()))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


if __name__ == "__main__":
    sys.exit(main())
