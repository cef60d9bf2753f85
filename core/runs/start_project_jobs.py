"""Start of the jobs that work on the newest version of a project's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.data.dataset import Dataset, open_dataset
from core.data.editing.ranges import RangeChoice, require_range
from core.data.editing.splits import settle_split
from core.data.editing.versions import restore_version
from core.data.pixels.range_changes import has_followed
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.launcher import launch
from core.runs.temporary_jobs import start_temporary
from core.training.adaptation.config import AdaptationConfig
from core.training.adaptation.pictures import count_possible, require_enough
from core.training.bakeoff.job import backbones_to_try, usual_contestants
from core.training.config import TrainingConfig
from core.training.job import require_all_splits
from core.workspace import Project, new_job_name


def start_examination(project: Project) -> JobDirectory:
    """Check the newest version of a project's pictures for problems."""
    return start_temporary(project.jobs, JobKind.EXAMINE, {"version": open_dataset(project).version})


def start_grouping(project: Project) -> JobDirectory:
    """Group the newest version's unlabelled pictures by similarity, for labelling."""
    return start_temporary(project.jobs, JobKind.GROUP, {"version": open_dataset(project).version})


def start_range_change(project: Project, choice: RangeChoice) -> JobDirectory:
    """Change the range of pictures with more than 8 bits, for all of the project.

    Raises:
        ConfigError: the range is empty, or the project has none.
    """
    choice.require_usable()
    require_range(open_dataset(project))
    return start_temporary(project.jobs, JobKind.CHANGE_RANGE, choice.to_json())


def restore_and_redraw(project: Project, number: int) -> Dataset:
    """Make an earlier version the newest again; where its range was another, a job draws the thumbnails.

    Raises:
        NotFoundError: there is no such version.
    """
    dataset = restore_version(project, number)
    if dataset.pixel_range is not None and not has_followed(project.dataset):
        start_range_change(project, RangeChoice(pixel_range=dataset.pixel_range))
    return dataset


def start_dataset_export(project: Project, format: str) -> JobDirectory:
    """Write the newest version's cleaned pictures to a zip file, in a format of ``DATASET_FORMATS``."""
    config = {"version": open_dataset(project).version, "format": format}
    return start_temporary(project.jobs, JobKind.EXPORT_DATASET, config)


def start_bakeoff(project: Project, backbones: Sequence[str] | None = None) -> JobDirectory:
    """Compare backbones on the newest pictures: those given, or all whose weights are on this machine and two at once.

    Raises:
        ConfigError, WeightsError: one of those given cannot be compared.
    """
    keys = usual_contestants(project) if backbones is None else backbones_to_try(backbones)
    config = {"version": settle_split(project).version, "backbones": keys}
    return start_temporary(project.jobs, JobKind.BAKEOFF, config)


def start_adaptation(project: Project, config: AdaptationConfig) -> JobDirectory:
    """Adapt a backbone to the newest pictures, without their labels; it becomes a backbone of the project.

    Raises:
        DataError: nothing is set aside for tests yet, or too few pictures can take part.
    """
    dataset = settle_split(project)
    require_all_splits(dataset)
    require_enough(count_possible(dataset))
    config = replace(config, dataset_version=dataset.version)
    path = project.adaptations / new_job_name("adaptation")
    job = JobDirectory.create(path, JobKind.ADAPT, config.to_json())
    launch(job)
    return job


def start_profiling(project: Project, config: TrainingConfig) -> JobDirectory:
    """Time a few training steps with these settings, to estimate a run's cost on this machine."""
    config = replace(config, dataset_version=settle_split(project).version)
    return start_temporary(project.jobs, JobKind.PROFILE, config.to_json())
