"""Start of the jobs that look at the newest version of a project's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.data.dataset import open_dataset
from core.data.editing.splits import settle_split
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.runs.temporary_jobs import start_temporary
from core.training.bakeoff.job import backbones_to_try
from core.training.config import TrainingConfig
from core.workspace import Project


def start_examination(project: Project) -> JobDirectory:
    """Check the newest version of a project's pictures for problems."""
    return start_temporary(project.jobs, JobKind.EXAMINE, {"version": open_dataset(project).version})


def start_grouping(project: Project) -> JobDirectory:
    """Group the newest version's unlabelled pictures by similarity, for labelling."""
    return start_temporary(project.jobs, JobKind.GROUP, {"version": open_dataset(project).version})


def start_dataset_export(project: Project, format: str) -> JobDirectory:
    """Write the newest version's cleaned pictures to a zip file, in a format of ``DATASET_FORMATS``."""
    config = {"version": open_dataset(project).version, "format": format}
    return start_temporary(project.jobs, JobKind.EXPORT_DATASET, config)


def start_bakeoff(project: Project, backbones: Sequence[str] | None = None) -> JobDirectory:
    """Compare backbones on the newest pictures: those given, or all whose weights are on this machine.

    Raises:
        ConfigError, WeightsError: one of those given cannot be compared.
    """
    keys = backbones_to_try(backbones)
    config = {"version": settle_split(project).version, "backbones": keys}
    return start_temporary(project.jobs, JobKind.BAKEOFF, config)


def start_profiling(project: Project, config: TrainingConfig) -> JobDirectory:
    """Time a few training steps with these settings, to estimate a run's cost on this machine."""
    config = replace(config, dataset_version=settle_split(project).version)
    return start_temporary(project.jobs, JobKind.PROFILE, config.to_json())
