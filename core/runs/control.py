"""Job control: find, resume, stop, pause and wait for jobs, for pages and the command line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from core.errors import ConfigError, NotFoundError
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.ending import completes, launch_remaining, stop_at_rest
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch, launching, require_room
from core.jobs.status import JobState
from core.messages import N_
from core.training.checkpoint import Checkpoints
from core.training.config import TrainingConfig
from core.training.recipes import longer_by
from core.workspace import Project, project_of

_POLL_SECONDS = 0.2


def resume(
    job: JobDirectory,
    extra_epochs: int | None = None,
    *,
    extra_minutes: float | None = None,
    extra_trials: int | None = None,
) -> None:
    """Start a paused, interrupted or ended job again; saved work is not repeated.

    Args:
        extra_epochs: additional epochs of a run. A finished run continues only with them.
        extra_minutes, extra_trials: the same for a search.
    Raises:
        NotFoundError: the job is running or has finished.
        ConfigError: a number is out of range.
        DiskFullError: there is no space for a worker to start.
    """
    is_extended = not (extra_epochs is None and extra_minutes is None and extra_trials is None)
    with launching():
        state = job.status().state
        is_whole = state is JobState.FINISHED and not is_extended
        if is_whole and lacks_delivery(job) and not is_worked_on(job):
            launch_remaining(job.path, job.job_type.steps[-1:])
            return
        if is_whole or is_worked_on(job):
            raise NotFoundError(
                N_("There is nothing to resume: “{name}” is running or has finished."), name=job.name
            )
        # Before the settings change: who tries again would change them twice.
        require_room(job.path)
        if extra_epochs is not None:
            _extend(job, extra_epochs)
        if extra_minutes is not None or extra_trials is not None:
            _extend_search(job, extra_minutes or 0.0, extra_trials or 0)
        launch(job)


def stop(job: JobDirectory) -> None:
    """End a job and keep its best result; a running job gets a request, a job at rest ends here."""
    with launching():
        state = job.status().state
        if not state.has_ended:
            job.request_stop()
        elif state.is_at_rest and not is_worked_on(job):
            stop_at_rest(job)


def pause(job: JobDirectory) -> None:
    """Ask a job to write a checkpoint and pause; its device becomes free.

    Raises:
        NotFoundError: the job is not running.
    """
    if job.status().state.has_ended:
        raise NotFoundError(N_("There is nothing to pause: “{name}” is not running."), name=job.name)
    job.request_pause()


def lacks_delivery(job: JobDirectory) -> bool:
    """True for an evaluated run without proven files: a test again ended in the middle of its export."""
    from core.delivery.files import is_delivered
    from core.evaluation.report import has_report

    is_run = job.kind in {JobKind.TRAIN, JobKind.ENSEMBLE}
    return is_run and has_report(job.path) and not is_delivered(job.path)


def can_continue(job: JobDirectory) -> bool:
    """False for a run made of a trial's weights: training would begin anew, and its classifier would be lost."""
    is_trial = "search" in (job.result() or {})
    return not is_trial or Checkpoints(job.path).state_file.exists()


def is_worked_on(job: JobDirectory) -> bool:
    """True while a process works in the job's directory: its own, or that of a finish job."""
    rest = finishing_job(project_of(job.path), job.path)
    return any(not work.status().state.has_ended for work in (job, rest) if work is not None)


def _extend(job: JobDirectory, extra_epochs: int) -> None:
    if job.kind is not JobKind.TRAIN or extra_epochs < 1:
        raise ConfigError(
            N_("“{name}” cannot continue for {count} more epochs. Choose a run, and a number of at least 1."),
            name=job.name,
            count=extra_epochs,
        )
    if not can_continue(job):
        raise ConfigError(
            N_(
                "“{name}” is a trial of a search, of which only the best epoch was kept, so its training cannot be continued. Train again with its settings and more epochs."
            ),
            name=job.name,
        )
    longer = longer_by(TrainingConfig.from_json(job.config()), extra_epochs)
    job.extend({"epochs": longer.epochs})


def _extend_search(job: JobDirectory, minutes: float, trials: int) -> None:
    """Extend a search by minutes or trials; a limit that is not given is removed."""
    from core.search.config import SearchConfig
    from core.search.records import counts, read_search_progress, read_trials

    if job.kind is not JobKind.SEARCH or minutes < 0 or trials < 0 or not (minutes or trials):
        raise ConfigError(
            N_(
                "“{name}” cannot be given {minutes} more minutes and {trials} more trials. Choose a search, and numbers above 0."
            ),
            name=job.name,
            minutes=minutes,
            trials=trials,
        )
    spent, done = read_search_progress(job.path).seconds / 60, sum(counts(read_trials(job.path)).values())
    end = {"minutes": spent + minutes if minutes else 0.0, "trials": done + trials if trials else 0}
    # Checks the sums.
    SearchConfig.from_json(job.config() | end)
    job.extend(end)


def finishing_job(project: Project, run: Path) -> JobDirectory | None:
    """Find the newest job that runs the remaining steps of a stopped run or search; None without one."""
    return next((job for job in list_jobs(project.jobs) if completes(job, run)), None)


def wait_for(job: JobDirectory, on_poll: Callable[[JobDirectory], None] = lambda job: None) -> JobState:
    """Wait until a job has ended; ``on_poll`` is called before every wait."""
    while not (state := job.status().state).has_ended:
        on_poll(job)
        time.sleep(_POLL_SECONDS)
    return state
