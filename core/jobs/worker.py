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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.devices import chosen_devices, visible_gpus
from core.errors import DarkroomError
from core.files import write_json
from core.jobs.directory import JobDirectory, JobState
from core.jobs.disk import Reserve, disk_full_message, is_disk_full
from core.jobs.ending import StepLog, launch_remaining, record_results
from core.jobs.environment import surroundings
from core.jobs.queue import turn_on_device
from core.jobs.reporting import JobReporter
from core.keras_backend import chosen_backend
from core.messages import N_, Message
from core.progress import JobPaused, JobStopped, Progress, raise_if_stopped
from core.workspace import backbones_folder

log = logging.getLogger("darkroom.worker")

Step = Callable[[Path, dict[str, Any], Progress], dict[str, Any]]

# Stop must end a job within 3 s; a step that has not answered after this long is left behind.
_STOP_PATIENCE_SECONDS = 2.0
# Before it rests, a step writes a checkpoint; what came after the one before would be done again.
_PAUSE_PATIENCE_SECONDS = 20.0
_LOOK_FOR_REQUESTS_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """What a kind of job does: step functions, as ``module:function``, in order."""

    steps: tuple[str, ...]
    needs_device: bool = False


JOB_KINDS = {
    "import": JobKind(steps=("core.data.job:import_pictures",)),
    "examine": JobKind(steps=("core.doctor.job:examine_dataset",), needs_device=True),
    "group": JobKind(steps=("core.doctor.labelling.job:prepare_labelling",), needs_device=True),
    "handover": JobKind(steps=("core.doctor.export_dataset:hand_over",)),
    "download": JobKind(steps=("core.models.job:download",)),
    "measure": JobKind(steps=("core.models.job:measure",), needs_device=True),
    "bakeoff": JobKind(steps=("core.training.bakeoff.job:bake_off",), needs_device=True),
    "trial": JobKind(steps=("core.training.profiling:measure",), needs_device=True),
    "train": JobKind(
        steps=("core.training.job:train", "core.evaluation.job:evaluate", "core.delivery.job:deliver"),
        needs_device=True,
    ),
    "search": JobKind(
        steps=(
            "core.search.job:search",
            "core.search.job:conclude",
            "core.search.analysis.promote_trial:start_winner",
        ),
        needs_device=True,
    ),
    # What a stopped job left to do once its best was safe: its remaining steps, on its directory.
    "finish": JobKind(steps=()),
}


def main() -> int:
    """Run the job whose directory is the first argument; 0 if it finished or was stopped."""
    job = JobDirectory(Path(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    prepare_environment()
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
        self._reserve = Reserve(job.path / "reserve")
        self._reporter = JobReporter(job)
        self._log = StepLog(job, JobDirectory(self._target).config())
        self._done = len(self._log.done)
        self._results: dict[str, Any] = self._earlier_results()
        self._ending = threading.Lock()

    def run(self) -> int:
        threading.Thread(target=self._watch_for_requests, name="watcher", daemon=True).start()
        try:
            self._reserve.make()
            os.environ.setdefault("KERAS_BACKEND", chosen_backend())
            with self._device():
                for step in self._steps[self._done :]:
                    raise_if_stopped(self._reporter)
                    self._run_step(step)
            with self._ending:
                self._end(JobState.FINISHED)
            return 0
        except JobStopped:
            self._end_stopped()
            return 0
        except JobPaused:
            self._end_paused()
            return 0
        except Exception as error:  # noqa: BLE001 - the one broad catch: a worker's edge
            return self._end_broken(error)

    def _run_step(self, step: str) -> None:
        module, function = step.split(":")
        run: Step = getattr(importlib.import_module(module), function)
        target = JobDirectory(self._target)
        result = run(self._target, target.config(), self._reporter)
        with self._ending:
            self._record(result)
            self._done += 1
            self._reporter.kept = None  # what the step returned is better
            # A step that was asked to stop returns early: resumed, it goes on.
            if not self._reporter.should_stop():
                self._log.add(step)
                self._reporter.forget_kept()

    def _record(self, result: dict[str, Any]) -> None:
        self._results.update(result)
        record_results(self._target, self._results)

    def _earlier_results(self) -> dict[str, Any]:
        """What stays true of an earlier attempt: the results of steps that are not run again."""
        is_continued = self._job.kind == "finish" or self._done > 0
        return (JobDirectory(self._target).result() or {}) if is_continued else {}

    @contextlib.contextmanager
    def _device(self) -> Iterator[None]:
        """Wait for the device, and hold it; CUDA then sees it and no other."""
        devices = chosen_devices() if JOB_KINDS[self._job.kind].needs_device else ()
        os.environ.update(visible_gpus(devices))
        write_json(self._job.path / "environment.json", surroundings(devices))
        self._reporter.use_gpus([device.gpu_number for device in devices if device.gpu_number is not None])
        if devices:
            self._reporter.set_state(JobState.QUEUED)
        with contextlib.ExitStack() as turns:
            for device in devices:
                turn = turn_on_device(device.queue, self._job.name, self._job.created, self._must_leave)
                turns.enter_context(turn)
            yield

    def _must_leave(self) -> bool:
        raise_if_stopped(self._reporter)
        return False

    def _watch_for_requests(self) -> None:
        """End the process when a step does not answer Stop or Pause in time (an import, a conversion)."""
        asked_to_pause: float | None = None
        while not self._reporter.should_stop():
            if not self._reporter.should_pause():
                asked_to_pause = None
            elif asked_to_pause is None:
                asked_to_pause = time.monotonic()
            elif time.monotonic() - asked_to_pause > _PAUSE_PATIENCE_SECONDS:
                self._end_paused()
                os._exit(0)
            time.sleep(_LOOK_FOR_REQUESTS_SECONDS)
        time.sleep(_STOP_PATIENCE_SECONDS)
        self._end_stopped()
        os._exit(0)

    def _end(self, state: JobState, error: Message | None = None, *, is_bug: bool = False) -> None:
        self._reserve.give_back()
        self._reporter.set_state(state, error, is_bug=is_bug)

    def _end_stopped(self) -> None:
        """Record the stop; where something is worth keeping, leave the remaining steps to a job of their own."""
        # Held for good: whoever comes second (the step or the watcher) waits until the process ends.
        self._ending.acquire()
        finished = self._done == len(self._steps)
        if self._reporter.kept is not None and not finished:
            self._record(self._reporter.kept)
            self._done += 1
        remaining = self._steps[self._done :]
        if self._done and remaining:
            launch_remaining(self._target, remaining)
        self._end(JobState.FINISHED if finished else JobState.STOPPED)

    def _end_paused(self) -> None:
        self._ending.acquire()
        finished = self._done == len(self._steps)
        self._end(JobState.FINISHED if finished else JobState.PAUSED)

    def _end_broken(self, error: Exception) -> int:
        """Record why the work ended; returns the exit code."""
        if is_disk_full(error, self._job.path):
            log.error("The disk is full: %s", error)
            self._end(JobState.PAUSED, disk_full_message(self._job.path, is_saved=self._job.kind == "train"))
            return 2
        if isinstance(error, DarkroomError):
            log.error("%s", error)
            self._end(JobState.FAILED, error.message)
            return 2
        log.exception("The job broke")
        detail = {"error": f"{type(error).__name__}: {error}", "log": str(self._job.path / "worker.log")}
        message = Message(N_("Something broke inside Darkroom ({error}). The details are in {log}."), detail)
        self._end(JobState.FAILED, message, is_bug=True)
        return 1


def prepare_environment() -> None:
    """Set what Keras and its backends read when they are first imported."""
    os.environ.setdefault("KERAS_HOME", str(backbones_folder()))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX takes most of a GPU otherwise


if __name__ == "__main__":
    sys.exit(main())
