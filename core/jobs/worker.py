"""Worker process: ``python -m core.jobs.worker JOB_DIRECTORY`` runs the steps of one job.

It reads the steps from the table of job kinds, and knows nothing of their work.
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
from pathlib import Path

from core.devices import chosen_devices, visible_gpus
from core.errors import DarkroomError
from core.jobs.directory import LEASE_FILE, JobDirectory
from core.jobs.disk import Reserve, disk_full_message, is_disk_full
from core.jobs.ending import StepLog, launch_remaining, record_results, steps_of, target_of
from core.jobs.environment import current_environment
from core.jobs.kinds import JobKind, Step
from core.jobs.queue import turn_on_device
from core.jobs.reporting import JobReporter
from core.jobs.status import JobState
from core.keras_backend import DEFAULT, chosen_backend
from core.leases import Lease
from core.messages import N_, Message
from core.progress import JobPaused, JobStopped, Progress, raise_if_stopped
from core.records import JsonObject, write_record
from core.workspace import backbones_folder

log = logging.getLogger("darkroom.worker")

# Called with the job directory, its settings and its progress; returns results for ``result.json``.
StepFunction = Callable[[Path, JsonObject, Progress], JsonObject]

# Stop must end a job within 3 s. The process of a step that takes longer than this is ended.
_STOP_PATIENCE_SECONDS = 2.0
# Before a pause, a step writes a checkpoint; without it, work since the last one is done again.
_PAUSE_PATIENCE_SECONDS = 20.0
_POLL_REQUESTS_SECONDS = 0.1


def main() -> int:
    """Run the job whose directory is the first argument.

    Returns:
        The exit code: 0 if the job finished or was stopped.
    """
    log_to_stderr()
    prepare_environment()
    worker = open_worker(JobDirectory(Path(sys.argv[1])))
    return 2 if worker is None else worker.run()


def log_to_stderr() -> None:
    """Set the logging of a worker up."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def open_worker(job: JobDirectory) -> Worker | None:
    """Read a job; None if that fails, which its status then says."""
    try:
        return Worker(job)
    except DarkroomError as error:
        log.error("%s", error)
        JobReporter(job).set_state(JobState.FAILED, error.message)
        return None


class Worker:
    """One attempt at a job's steps."""

    def __init__(self, job: JobDirectory) -> None:
        self._job = job
        self._target = target_of(job)
        self._steps = steps_of(job)
        self._reserve = Reserve(job.path / "reserve")
        self._reporter = JobReporter(job)
        self._log = StepLog(job)
        self._done = len(self._log.done)
        self._results: JsonObject = self._earlier_results()
        self._ending = threading.Lock()
        self._watcher = threading.Thread(target=self._watch_for_requests, name="watcher", daemon=True)

    def watch(self) -> None:
        """Answer requests to stop or pause from now on."""
        if self._watcher.ident is None:
            self._watcher.start()

    def run(self) -> int:
        """Run the remaining steps and record the end; returns the exit code."""
        with contextlib.ExitStack() as leases:
            return self._run(leases)

    def _run(self, leases: contextlib.ExitStack) -> int:
        self.watch()
        try:
            self._reserve.make()
            leases.callback(Lease(self._job.path / LEASE_FILE).release)
            os.environ.setdefault("KERAS_BACKEND", self._backend())
            with self._device():
                for step in self._steps[self._done :]:
                    raise_if_stopped(self._reporter)
                    self._run_step(step)
            with self._ending:
                self._end(JobState.FINISHED)
            return 0
        except JobStopped:
            return self._recorded(self._end_stopped)
        except JobPaused:
            return self._recorded(self._end_paused)
        except Exception as error:  # noqa: BLE001 - the one broad catch: a worker's edge
            return self._end_broken(error)

    def _backend(self) -> str:
        return DEFAULT if self._job.job_type.needs_tensorflow else chosen_backend()

    def _run_step(self, step: Step) -> None:
        module, function = step.function.split(":")
        run: StepFunction = getattr(importlib.import_module(module), function)
        result = run(self._target.path, self._target.config(), self._reporter)
        with self._ending:
            self._record(result)
            self._done += 1
            self._reporter.forget_interim_result()
            # A step that is asked to stop returns early. A resumed job runs it again.
            if not self._reporter.should_stop():
                self._log.add(step)
                self._reporter.drop_interim_result()

    def _record(self, result: JsonObject) -> None:
        self._results.update(result)
        record_results(self._target.path, self._results)

    def _earlier_results(self) -> JsonObject:
        """Read the results of steps that are not run again."""
        is_continued = self._job.kind is JobKind.FINISH or self._done > 0
        return (self._target.result() or {}) if is_continued else {}

    @contextlib.contextmanager
    def _device(self) -> Iterator[None]:
        """Wait for the devices and hold them; CUDA sees no others."""
        devices = chosen_devices() if self._job.job_type.needs_device else ()
        os.environ.update(visible_gpus(devices))
        write_record(self._job.path / "environment.json", current_environment(devices))
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
        """End the process when a step does not react to Stop or Pause in time (an import, a conversion)."""
        pause_requested_at: float | None = None
        while not self._reporter.should_stop():
            if not self._reporter.should_pause():
                pause_requested_at = None
            elif pause_requested_at is None:
                pause_requested_at = time.monotonic()
            elif time.monotonic() - pause_requested_at > _PAUSE_PATIENCE_SECONDS:
                self._leave(self._end_paused)
            time.sleep(_POLL_REQUESTS_SECONDS)
        time.sleep(_STOP_PATIENCE_SECONDS)
        self._leave(self._end_stopped)

    def _leave(self, end: Callable[[], None]) -> None:
        """End the process, also where its end cannot be recorded: the step would wait for it for ever."""
        code = 1
        try:
            code = self._recorded(end)
        finally:
            os._exit(code)

    def _recorded(self, end: Callable[[], None]) -> int:
        """Record a stop or a pause, or the error that prevents it; returns the exit code."""
        try:
            end()
        except Exception as error:  # noqa: BLE001 - a worker's edge
            return self._end_broken(error)
        return 0

    def _end(self, state: JobState, error: Message | None = None, *, is_bug: bool = False) -> None:
        self._reserve.release()
        self._reporter.set_state(state, error, is_bug=is_bug)

    def _end_stopped(self) -> None:
        """Record the stop; with an interim result, a job of kind FINISH runs the remaining steps."""
        # Never released: of step and watcher, the second waits here until the process ends.
        self._ending.acquire()
        finished = self._done == len(self._steps)
        interim = self._reporter.interim_result
        if interim is not None and not finished:
            self._record(interim)
            self._done += 1
        remaining = self._steps[self._done :]
        if self._done and remaining:
            launch_remaining(self._target.path, remaining)
        self._end(JobState.FINISHED if finished else JobState.STOPPED)

    def _end_paused(self) -> None:
        self._ending.acquire()
        finished = self._done == len(self._steps)
        self._end(JobState.FINISHED if finished else JobState.PAUSED)

    def _end_broken(self, error: Exception) -> int:
        """Record the error; returns the exit code."""
        if is_disk_full(error, self._job.path):
            log.error("The disk is full: %s", error)
            message = disk_full_message(self._job.path, is_saved=self._job.job_type.can_pause)
            self._end(JobState.PAUSED, message)
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
    """Set the environment variables that Keras and its backends read at import."""
    os.environ.setdefault("KERAS_HOME", str(backbones_folder()))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    # JAX takes most of a GPU otherwise.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


if __name__ == "__main__":
    sys.exit(main())
