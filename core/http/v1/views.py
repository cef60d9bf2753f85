"""Records of jobs, runs and searches, as several resources show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from core.data.dataset import open_dataset
from core.delivery.files import is_delivered
from core.errors import ConfigError, DarkroomError
from core.evaluation.evaluated_run import measured_report
from core.evaluation.report import has_report
from core.http.note import Note
from core.http.openapi.schema import Schemas
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.messages import N_
from core.records import Record
from core.runs.compare import run_about
from core.runs.completing import usual_settings
from core.training.config import TrainingConfig
from core.workspace import Project, jobs_folder, project_of


@dataclass(frozen=True, kw_only=True)
class JobView(Record):
    """State of a job: an import, a training run, a search, a measurement."""

    id: str
    project: Annotated[str | None, Note(text="null: the job belongs to none, such as an import.")]
    kind: Annotated[JobKind | None, Note(text="null: another version of Darkroom wrote the job.")]
    state: JobState | None
    stage: str | None = None
    progress: Annotated[float, Note(text="Fraction done.", minimum=0, maximum=1)] = 0.0
    seconds_left: float | None = None
    created: Annotated[float | None, Note(text="Seconds since the epoch.")] = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class JobList(Record):
    """Jobs, newest first."""

    jobs: tuple[JobView, ...]


@dataclass(frozen=True, kw_only=True)
class RunView(Record):
    """A training run or an ensemble."""

    job: JobView
    name: Annotated[str, Note(text="Given by people; empty if none.")]
    note: str
    accuracy: Annotated[float | None, Note(text="On the test pictures; null before the evaluation.")] = None
    accuracy_interval: Annotated[tuple[float, float] | None, Note(text="95% interval.")] = None
    is_ready: Annotated[bool, Note(text="Its classifier can predict and be exported.")] = False


@dataclass(frozen=True, kw_only=True)
class RunList(Record):
    """Runs of a project, newest first."""

    runs: tuple[RunView, ...]


@dataclass(frozen=True, kw_only=True)
class Settings(Record):
    """Settings as the job stores them."""

    settings: Mapping[str, Any]


# Filled in when a run starts.
FILLED_IN = ("dataset_version", "leading_metric")


def training_settings(given: Mapping[str, Any], project: Project) -> TrainingConfig:
    """Make the settings of a training on a project's newest pictures from those that a program gives.

    Raises:
        ConfigError: a setting is unknown or out of range.
    """
    if filled_in := [name for name in FILLED_IN if name in given]:
        raise ConfigError(
            N_("Unknown setting: {names}. Known here are: {known}."),
            names=", ".join(filled_in),
            known=", ".join(name for name in Schemas().properties(TrainingConfig) if name not in FILLED_IN),
        )
    return usual_settings(given, open_dataset(project).version)


def job_view(job: JobDirectory) -> JobView:
    """Look at a job; one that this version cannot read has only its error."""
    project = None if job.path.parent == jobs_folder() else project_of(job.path).name
    try:
        status = job.status()
        return JobView(
            id=job.name,
            project=project,
            kind=job.kind,
            state=status.state,
            stage=status.stage.value if status.stage else None,
            progress=round(status.fraction, 4),
            seconds_left=None if status.state.has_ended else status.seconds_left,
            created=job.created,
            error=str(status.error) if status.error else None,
        )
    except DarkroomError as error:
        return JobView(id=job.name, project=project, kind=None, state=None, error=str(error))


def run_view(run: JobDirectory) -> RunView:
    """Look at a run."""
    report = measured_report(run.path) if has_report(run.path) else None
    about = run_about(run)
    return RunView(
        job=job_view(run),
        name=about.name,
        note=about.note,
        accuracy=report.accuracy if report else None,
        accuracy_interval=report.accuracy_interval if report else None,
        is_ready=is_delivered(run.path),
    )
