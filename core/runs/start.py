"""Starting each kind of job: the one place where pages and the command line do it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, NotFoundError
from core.files import COPY_CHUNK_BYTES
from core.jobs.directory import JobDirectory, JobState, list_jobs
from core.jobs.ending import stop_at_rest
from core.jobs.launcher import launch, launching
from core.jobs.worker import JOB_KINDS
from core.messages import N_
from core.models.backbones import get_backbone
from core.search.analysis.promote_trial import run_of_trial
from core.training.config import TrainingConfig
from core.uploads.names import safe_upload_name
from core.workspace import (
    Project,
    get_project,
    jobs_folder,
    new_job_name,
    project_of,
    require_free_name,
)

if TYPE_CHECKING:  # pandas takes 0.4 s, and every page starts by asking for jobs
    from core.data.reading import ImportConfig
    from core.search.config import SearchConfig

_KEEP_ENDED_JOBS_SECONDS = 24 * 3600.0
_POLL_SECONDS = 0.2


def start_import(
    name: str,
    *,
    source: Path | None = None,
    sample: str | None = None,
    upload: tuple[str, Callable[[int], bytes]] | None = None,
    sheet: tuple[str, bytes] | None = None,
    config: ImportConfig | None = None,
    add: bool = False,
) -> JobDirectory:
    """Import a zip or folder, a sample, or an upload (its file name and a ``read(size)``) as project ``name``.

    Args:
        sheet: the file name and bytes of a table that says the classes.
        add: the project is there, and the pictures join it.
    Raises:
        InvalidNameError, ProjectExistsError, NotFoundError: the name cannot be used.
    """
    clean = get_project(name).name if add else require_free_name(name)
    _forget_old_jobs(jobs_folder())
    path = jobs_folder() / new_job_name("import")
    # In a folder of its own: it may be called config.json.
    source = path / "upload" / safe_upload_name(upload[0]) if upload else source
    record = {
        "project": clean,
        "source": str(source.resolve()) if source else None,
        "sample": sample,
        "add": add,
        **(config.to_json() if config else {}),
    }
    if upload and source:  # before the job is there: copying may take longer than a launch is given
        source.parent.mkdir(parents=True)
        with source.open("wb") as stream:
            while chunk := upload[1](COPY_CHUNK_BYTES):
                stream.write(chunk)
    if sheet:
        file = path / "sheet" / safe_upload_name(sheet[0])
        file.parent.mkdir(parents=True)
        file.write_bytes(sheet[1])
        record["sheet"] = str(file)
    job = JobDirectory.create(path, "import", record)
    launch(job)
    return job


def start_examination(project: Project) -> JobDirectory:
    """Let the doctor look through the newest version of a project's pictures."""
    return _start_on_newest(project, "examine")


def start_grouping(project: Project) -> JobDirectory:
    """Group the newest version's unlabelled pictures by look, to be labelled."""
    return _start_on_newest(project, "group")


def start_handover(project: Project) -> JobDirectory:
    """Write the newest version's cleaned pictures to a zip."""
    return _start_on_newest(project, "handover")


def _start_on_newest(project: Project, kind: str) -> JobDirectory:
    from core.data.dataset import open_dataset

    _forget_old_jobs(project.jobs)
    config = {"version": open_dataset(project).version}
    job = JobDirectory.create(project.jobs / new_job_name(kind), kind, config)
    launch(job)
    return job


def start_training(project: Project, config: TrainingConfig) -> JobDirectory:
    """Make a run on the newest pictures and start it; it waits for its turn if the device is busy."""
    from core.data.importing import settle_split

    config = replace(config, dataset_version=settle_split(project).version)
    path = project.runs / new_job_name("run")
    job = JobDirectory.create(path, "train", config.to_json())
    launch(job)
    return job


def start_search(project: Project, config: SearchConfig) -> JobDirectory:
    """Search for better settings than ``config.base`` on the newest pictures."""
    from core.data.importing import settle_split

    base = replace(config.base, dataset_version=settle_split(project).version)
    path = project.searches / new_job_name("search")
    settings = replace(config, base=base).to_json()
    job = JobDirectory.create(path, "search", settings, is_private=bool(config.storage))
    launch(job)
    return job


def start_run_of_trial(search: JobDirectory, number: int) -> JobDirectory:
    """Make a trial a run: with its own weights where they are kept, else trained again with its settings.

    Raises:
        NotFoundError: the search has no such trial, or it failed.
    """
    run = run_of_trial(search, number)
    launch(run)
    return run


def start_download(backbone: str) -> JobDirectory:
    """Fetch a backbone's weights."""
    job = JobDirectory.create(
        jobs_folder() / new_job_name("download"), "download", {"backbone": get_backbone(backbone).key}
    )
    launch(job)
    return job


def start_bakeoff(project: Project, backbones: Sequence[str] | None = None) -> JobDirectory:
    """Try backbones on the newest pictures: those named, or all whose weights are on this machine.

    Raises:
        ConfigError, WeightsError: one that is named cannot be tried.
    """
    from core.data.importing import settle_split
    from core.training.bakeoff.job import backbones_to_try

    _forget_old_jobs(project.jobs)
    keys = backbones_to_try(backbones)
    config = {"version": settle_split(project).version, "backbones": keys}
    job = JobDirectory.create(project.jobs / new_job_name("bakeoff"), "bakeoff", config)
    launch(job)
    return job


def start_trial(project: Project, config: TrainingConfig) -> JobDirectory:
    """Train a few steps of a run with these settings, so that its cost on this machine can be told."""
    from core.data.importing import settle_split

    _forget_old_jobs(project.jobs)
    config = replace(config, dataset_version=settle_split(project).version)
    job = JobDirectory.create(project.jobs / new_job_name("trial"), "trial", config.to_json())
    launch(job)
    return job


def start_measurement(backbones: Sequence[str] = ()) -> JobDirectory:
    """Measure the speed of the backbones with these keys on this machine; with none, of all that are ready."""
    config = {"backbones": [get_backbone(key).key for key in backbones]}
    job = JobDirectory.create(jobs_folder() / new_job_name("measure"), "measure", config)
    launch(job)
    return job


def resume(
    job: JobDirectory,
    extra_epochs: int | None = None,
    *,
    extra_minutes: float | None = None,
    extra_trials: int | None = None,
) -> None:
    """Start a job again that rests or has ended; what it saved is not computed twice.

    Args:
        extra_epochs: go on for so many epochs more than the run was given; a
            finished run can be continued that way alone.
        extra_minutes, extra_trials: the same for a search.
    Raises:
        NotFoundError: there is nothing to resume: it is running, or has finished.
        ConfigError: the number is not possible.
        DiskFullError
    """
    is_extended = not (extra_epochs is None and extra_minutes is None and extra_trials is None)
    with launching():
        state = job.status().state
        is_whole = state is JobState.FINISHED and not is_extended
        if is_whole or is_worked_on(job):
            raise NotFoundError(
                N_("There is nothing to resume: “{name}” is running or has finished."), name=job.name
            )
        if extra_epochs is not None:
            _extend(job, extra_epochs)
        if extra_minutes is not None or extra_trials is not None:
            _extend_search(job, extra_minutes or 0.0, extra_trials or 0)
        launch(job)


def stop(job: JobDirectory) -> None:
    """End a job and keep the best: a job at work is asked to, for one at rest it is done here."""
    with launching():
        state = job.status().state
        if not state.has_ended:
            job.request_stop()
        elif state.is_at_rest and not is_worked_on(job):
            steps = job.config()["steps"] if job.kind == "finish" else JOB_KINDS[job.kind].steps
            stop_at_rest(job, steps)


def pause(job: JobDirectory) -> None:
    """Ask a job to write a checkpoint and rest; its device is free then.

    Raises:
        NotFoundError: it is not running.
    """
    if job.status().state.has_ended:
        raise NotFoundError(N_("There is nothing to pause: “{name}” is not running."), name=job.name)
    job.request_pause()


def is_worked_on(job: JobDirectory) -> bool:
    """True while a process works in the job's directory: its own, or one that completes a stopped run."""
    rest = finishing_job(project_of(job.path), job.path)
    return any(not work.status().state.has_ended for work in (job, rest) if work is not None)


def _extend(job: JobDirectory, extra_epochs: int) -> None:
    if job.kind != "train" or extra_epochs < 1:
        raise ConfigError(
            N_("“{name}” cannot go on for {count} more epochs. Choose a run, and a number from 1 on."),
            name=job.name,
            count=extra_epochs,
        )
    config = TrainingConfig.from_json(job.config())
    longer = replace(config, epochs=config.epochs + extra_epochs)  # checks the sum
    job.extend({"epochs": longer.epochs})


def _extend_search(job: JobDirectory, minutes: float, trials: int) -> None:
    """A new end: so much more of what the search was bounded by; what is not named bounds it no more."""
    from core.search.config import SearchConfig
    from core.search.records import counts, read_now, read_trials

    if job.kind != "search" or minutes < 0 or trials < 0 or not (minutes or trials):
        raise ConfigError(
            N_(
                "“{name}” cannot be given {minutes} more minutes and {trials} more trials. Choose a search, and numbers above 0."
            ),
            name=job.name,
            minutes=minutes,
            trials=trials,
        )
    spent, done = read_now(job.path).seconds / 60, sum(counts(read_trials(job.path)).values())
    end = {"minutes": spent + minutes if minutes else 0.0, "trials": done + trials if trials else 0}
    SearchConfig.from_json(job.config() | end)  # checks the sums
    job.extend(end)


def finishing_job(project: Project, run: Path) -> JobDirectory | None:
    """The newest job that completes what a stopped run left to do, if there is one."""
    for job in list_jobs(project.jobs):
        if job.kind == "finish" and job.config()["job"] == str(run):
            return job
    return None


def active_jobs(project: Project | None) -> list[JobDirectory]:
    """Jobs that have not ended, of this project and of none, newest first."""
    folders = [jobs_folder(), *([project.runs, project.searches, project.jobs] if project else [])]
    jobs = [job for folder in folders for job in list_jobs(folder)]
    return [job for job in jobs if not job.status().state.has_ended]


def wait_for(job: JobDirectory, on_look: Callable[[JobDirectory], None] = lambda job: None) -> JobState:
    """Wait until a job has ended; ``on_look`` is called at every look."""
    while not (state := job.status().state).has_ended:
        on_look(job)
        time.sleep(_POLL_SECONDS)
    return state


def _forget_old_jobs(folder: Path) -> None:
    """Remove jobs that ended a day ago, with what was uploaded for them; not those that rest or finish a run."""
    for job in list_jobs(folder):
        if (
            job.kind != "finish"
            and time.time() - job.created > _KEEP_ENDED_JOBS_SECONDS
            and job.status().state.has_ended
            and job.status().state is not JobState.PAUSED
        ):
            shutil.rmtree(job.path, ignore_errors=True)
