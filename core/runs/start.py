"""Job control: start, resume, stop and pause jobs, for pages and the command line."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from core.errors import ConfigError, NotFoundError
from core.files import COPY_CHUNK_BYTES
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.ending import completes, launch_remaining, stop_at_rest
from core.jobs.kinds import JobKind, step_of
from core.jobs.launcher import launch, launching
from core.jobs.status import JobState
from core.messages import N_
from core.models.backbones import get_backbone
from core.optional_packages import OptionalPackage
from core.records import Record
from core.runs.completing import complete_settings
from core.search.analysis.promote_trial import promote_trial
from core.training.config import TrainingConfig
from core.uploads.names import StoredPaths, safe_upload_name
from core.workspace import (
    Project,
    get_project,
    jobs_folder,
    list_projects,
    new_job_name,
    project_of,
    require_free_name,
)

# They import pandas, which takes 0.4 s, and every page lists jobs first.
if TYPE_CHECKING:
    from core.data.import_config import ImportConfig
    from core.search.config import SearchConfig

# Name and ``read(size)`` of a file.
UploadedFile: TypeAlias = "tuple[str, Callable[[int], bytes]]"
_KEEP_ENDED_JOBS_SECONDS = 24 * 3600.0
_POLL_SECONDS = 0.2


def start_import(
    name: str,
    *,
    source: Path | None = None,
    sample: str | None = None,
    upload: UploadedFile | None = None,
    beside: Sequence[UploadedFile] = (),
    table: tuple[str, bytes] | None = None,
    config: ImportConfig | None = None,
    add: bool = False,
) -> JobDirectory:
    """Import a zip or folder, a sample, or an upload (its file name and a ``read(size)``) as project ``name``.

    Args:
        beside: files that belong to the upload, such as its labels; together they are a folder.
        table: file name and bytes of a label table.
        add: the pictures join an existing project.
    Raises:
        InvalidNameError, ProjectExistsError, NotFoundError: the name cannot be used.
    """
    from core.data.import_config import ImportConfig, ImportRequest

    clean = get_project(name).name if add else require_free_name(name)
    _remove_old_jobs(jobs_folder())
    path = jobs_folder() / new_job_name("import")
    settings = config or ImportConfig()
    # Before the job exists, because copying can take longer than the launch timeout.
    if upload:
        source = _store_upload(path / "upload", [upload, *beside])
    if table:
        file = path / "table" / safe_upload_name(table[0])
        file.parent.mkdir(parents=True)
        file.write_bytes(table[1])
        settings = replace(settings, table=file)
    request = ImportRequest(
        project=clean, source=source.resolve() if source else None, sample=sample, add=add, settings=settings
    )
    job = JobDirectory.create(path, JobKind.IMPORT, request.to_json())
    launch(job)
    return job


def _store_upload(folder: Path, files: Sequence[UploadedFile]) -> Path:
    """Write uploaded files into a folder of their own, because one can be called config.json.

    Returns:
        the file, or the folder of several.
    """
    folder.mkdir(parents=True)
    names = StoredPaths()
    for index, (name, read) in enumerate(files):
        path = folder / names.path_for(safe_upload_name(name))
        if path.exists():
            path = folder / names.path_for(f"{index}-{safe_upload_name(name)}")
        with path.open("wb") as stream:
            while chunk := read(COPY_CHUNK_BYTES):
                stream.write(chunk)
    return path if len(files) == 1 else folder


def start_examination(project: Project) -> JobDirectory:
    """Check the newest version of a project's pictures for problems."""
    return _start_on_newest(project, JobKind.EXAMINE)


def start_grouping(project: Project) -> JobDirectory:
    """Group the newest version's unlabelled pictures by similarity, for labelling."""
    return _start_on_newest(project, JobKind.GROUP)


def start_dataset_export(project: Project, format: str) -> JobDirectory:
    """Write the newest version's cleaned pictures to a zip file, in a format of ``DATASET_FORMATS``."""
    return _start_on_newest(project, JobKind.EXPORT_DATASET, {"format": format})


def _start_on_newest(
    project: Project, kind: JobKind, settings: Mapping[str, str] | None = None
) -> JobDirectory:
    from core.data.dataset import open_dataset

    _remove_old_jobs(project.jobs)
    config = {"version": open_dataset(project).version, **(settings or {})}
    job = JobDirectory.create(project.jobs / new_job_name(kind), kind, config)
    launch(job)
    return job


def start_training(project: Project, config: TrainingConfig) -> JobDirectory:
    """Make a run on the newest pictures and start it; it waits in the queue if the device is busy."""
    from core.data.importing import settle_split

    config = complete_settings(config, project, settle_split(project))
    path = project.runs / new_job_name("run")
    job = JobDirectory.create(path, JobKind.TRAIN, config.to_json())
    launch(job)
    return job


def start_ensemble(project: Project, members: Sequence[Path], weights: Sequence[float] = ()) -> JobDirectory:
    """Make one classifier of several runs, by default with equal weights; it becomes a run.

    Raises:
        EvaluationError: the runs cannot be averaged.
        NotFoundError: one of them is not evaluated.
    """
    from core.evaluation.ensemble import EnsembleConfig, normalised_weights, require_alike
    from core.evaluation.evaluated_run import EvaluatedRun

    evaluated = [EvaluatedRun.open(member) for member in members]
    require_alike(evaluated)
    backbones = [member.settings.sized_backbone for member in evaluated]
    config = EnsembleConfig(
        dataset_version=max(member.dataset.version for member in evaluated),
        members=tuple(member.name for member in members),
        weights=normalised_weights(len(members), weights),
        backbones=tuple(dict.fromkeys(backbone.key for backbone in backbones)),
        input_size=max(backbone.input_size for backbone in backbones),
    )
    path = project.runs / new_job_name("run")
    job = JobDirectory.create(path, JobKind.ENSEMBLE, config.to_json())
    launch(job)
    return job


def start_timing(project: Project, runs: Sequence[Path]) -> JobDirectory:
    """Measure the latency of delivered classifiers on this machine."""
    _remove_old_jobs(project.jobs)
    config = {"runs": [run.name for run in runs]}
    job = JobDirectory.create(project.jobs / new_job_name(JobKind.MEASURE_RUNS), JobKind.MEASURE_RUNS, config)
    launch(job)
    return job


def start_search(project: Project, config: SearchConfig) -> JobDirectory:
    """Search for better settings than ``config.base`` on the newest pictures."""
    from core.data.importing import settle_split
    from core.search.config import Goal

    is_leading = config.goal is Goal.LEADING
    base = complete_settings(config.base, project, settle_split(project), has_leading_goal=is_leading)
    path = project.searches / new_job_name("search")
    settings = replace(config, base=base).to_json()
    job = JobDirectory.create(path, JobKind.SEARCH, settings, is_private=bool(config.storage))
    launch(job)
    return job


def start_run_of_trial(search: JobDirectory, number: int) -> JobDirectory:
    """Make a run from a trial, with its weights if they are stored, otherwise trained again.

    Raises:
        NotFoundError: the search has no such trial, or it failed.
    """
    run = promote_trial(search, number)
    launch(run)
    return run


def start_test_again(run: Path) -> JobDirectory:
    """Evaluate and deliver a finished run again, for what this version measures and its exports hold.

    The classifier stays the same.

    Raises:
        ConfigError: the run is being worked on.
    """
    with launching():
        if is_worked_on(JobDirectory(run)):
            raise ConfigError(N_("“{name}” is being worked on. Wait until that is done."), name=run.name)
        return launch_remaining(run, [step_of("evaluate"), step_of("deliver")])


def start_download(backbone: str) -> JobDirectory:
    """Download a backbone's weights."""
    config = {"backbone": get_backbone(backbone).key}
    job = JobDirectory.create(jobs_folder() / new_job_name("download"), JobKind.DOWNLOAD, config)
    launch(job)
    return job


def start_installation(packages: Sequence[OptionalPackage]) -> JobDirectory:
    """Install optional packages.

    Raises:
        ConfigError: nothing can be installed here.
    """
    config = {"packages": [package.name for package in packages]}
    job = JobDirectory.create(jobs_folder() / new_job_name("install"), JobKind.INSTALL_PACKAGES, config)
    launch(job)
    return job


def start_bakeoff(project: Project, backbones: Sequence[str] | None = None) -> JobDirectory:
    """Compare backbones on the newest pictures: those given, or all whose weights are on this machine.

    Raises:
        ConfigError, WeightsError: one of those given cannot be compared.
    """
    from core.data.importing import settle_split
    from core.training.bakeoff.job import backbones_to_try

    _remove_old_jobs(project.jobs)
    keys = backbones_to_try(backbones)
    config = {"version": settle_split(project).version, "backbones": keys}
    job = JobDirectory.create(project.jobs / new_job_name("bakeoff"), JobKind.BAKEOFF, config)
    launch(job)
    return job


def start_profiling(project: Project, config: TrainingConfig) -> JobDirectory:
    """Time a few training steps with these settings, to estimate a run's cost on this machine."""
    from core.data.importing import settle_split

    _remove_old_jobs(project.jobs)
    config = replace(config, dataset_version=settle_split(project).version)
    job = JobDirectory.create(project.jobs / new_job_name("profile"), JobKind.PROFILE, config.to_json())
    launch(job)
    return job


def start_learning_curve(run: Path) -> JobDirectory:
    """Measure a run's accuracy over the number of its training pictures."""
    from core.evaluation.learning_curve.records import LearningCurveRequest

    return _start_on_run(run, "curve", JobKind.LEARNING_CURVE, LearningCurveRequest(run=run.name))


def start_robustness_test(run: Path, pictures: int) -> JobDirectory:
    """Test a run on a corrupted sample of at most so many of its test pictures."""
    from core.evaluation.robustness.records import RobustnessRequest

    return _start_on_run(
        run, "robustness", JobKind.ROBUSTNESS, RobustnessRequest(run=run.name, pictures=pictures)
    )


def start_explaining(run: Path) -> JobDirectory:
    """Make the mean heatmaps of a run's answers, and look for shortcuts in them."""
    from core.delivery.mean_heatmaps_job import MeanHeatmapsRequest

    return _start_on_run(run, "explain", JobKind.EXPLAIN, MeanHeatmapsRequest(run=run.name))


def _start_on_run(run: Path, name: str, kind: JobKind, request: Record) -> JobDirectory:
    """Start a job that measures an evaluated run, and remove old jobs."""
    project = project_of(run)
    _remove_old_jobs(project.jobs)
    job = JobDirectory.create(project.jobs / new_job_name(name), kind, request.to_json())
    launch(job)
    return job


def start_measurement(backbones: Sequence[str] = ()) -> JobDirectory:
    """Measure the speed of backbones on this machine: those with these keys, or all that are ready."""
    config = {"backbones": [get_backbone(key).key for key in backbones]}
    job = JobDirectory.create(jobs_folder() / new_job_name("measure"), JobKind.MEASURE, config)
    launch(job)
    return job


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
    config = TrainingConfig.from_json(job.config())
    # Checks the sum.
    longer = replace(config, epochs=config.epochs + extra_epochs)
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


def active_jobs(project: Project | None) -> list[JobDirectory]:
    """List jobs that have not ended: of this project, and those of no project; newest first."""
    folders = [jobs_folder(), *([project.runs, project.searches, project.jobs] if project else [])]
    jobs = [job for folder in folders for job in list_jobs(folder)]
    return [job for job in jobs if not job.status().state.has_ended]


def find_job(name: str) -> JobDirectory | None:
    """Find a job of any project by its name."""
    folders = [jobs_folder()]
    for project in list_projects():
        folders += [project.runs, project.searches, project.jobs]
    paths = (folder / name for folder in folders)
    return next((JobDirectory(path) for path in paths if (path / "config.json").is_file()), None)


def wait_for(job: JobDirectory, on_poll: Callable[[JobDirectory], None] = lambda job: None) -> JobState:
    """Wait until a job has ended; ``on_poll`` is called before every wait."""
    while not (state := job.status().state).has_ended:
        on_poll(job)
        time.sleep(_POLL_SECONDS)
    return state


def _remove_old_jobs(folder: Path) -> None:
    """Remove temporary jobs that ended a day ago, with their uploads; not those that are paused."""
    for job in list_jobs(folder):
        if (
            job.job_type.is_temporary
            and time.time() - job.created > _KEEP_ENDED_JOBS_SECONDS
            and job.status().state.has_ended
            and job.status().state is not JobState.PAUSED
        ):
            shutil.rmtree(job.path, ignore_errors=True)
