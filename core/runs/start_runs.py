"""Start of runs and searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.jobs.directory import JobDirectory
from core.jobs.ending import launch_remaining
from core.jobs.kinds import JobKind, step_of
from core.jobs.launcher import launch, launching
from core.messages import N_
from core.runs.completing import complete_settings
from core.runs.control import is_worked_on
from core.runs.warming import suits_warm_worker
from core.search.analysis.promote_trial import promote_trial
from core.training.config import TrainingConfig
from core.workspace import Project, new_job_name, project_of

# It imports pandas, which takes 0.4 s, and pages show themselves first.
if TYPE_CHECKING:
    from core.search.config import SearchConfig


def start_training(project: Project, config: TrainingConfig) -> JobDirectory:
    """Make a run on the newest pictures and start it; it waits in the queue if the device is busy."""
    from core.data.editing.splits import settle_split

    config = complete_settings(config, project, settle_split(project))
    path = project.runs / new_job_name("run")
    job = JobDirectory.create(path, JobKind.TRAIN, config.to_json())
    launch(job, may_be_warm=suits_warm_worker(config))
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


def start_averaged(run: Path, views: str) -> JobDirectory:
    """Make a classifier that averages a run's answers to several views of a picture; it becomes a run.

    An ensemble's members then each answer to each view.

    Args:
        views: code of a view set, measured before and better on validation.
    Raises:
        ConfigError: there are no such views.
        EvaluationError: they were not measured, or gain nothing.
    """
    from core.evaluation.averaging.measuring import averaged_config
    from core.evaluation.evaluated_run import EvaluatedRun

    config = averaged_config(EvaluatedRun.open(run), views)
    path = project_of(run).runs / new_job_name("run")
    job = JobDirectory.create(path, JobKind.ENSEMBLE, config.to_json())
    launch(job)
    return job


def start_search(project: Project, config: SearchConfig) -> JobDirectory:
    """Search for better settings than ``config.base`` on the newest pictures.

    Raises:
        ConfigError: the grid of the space is too large.
    """
    from core.data.editing.splits import settle_split
    from core.search.config import Goal, Sampler
    from core.search.study.combinations import require_small_grid

    if config.sampler is Sampler.GRID:
        require_small_grid(config.space, config.base)
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
        ConfigError: the run is being worked on, or is an ensemble.
    """
    if JobDirectory(run).kind is JobKind.ENSEMBLE:
        raise ConfigError(
            N_(
                "“{name}” was made of finished runs. Test those again, then join them or average their views once more."
            ),
            name=run.name,
        )
    with launching():
        if is_worked_on(JobDirectory(run)):
            raise ConfigError(N_("“{name}” is being worked on. Wait until that is done."), name=run.name)
        return launch_remaining(run, [step_of("evaluate"), step_of("deliver")])
