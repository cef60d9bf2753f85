"""Steps from pictures to a classifier, and a project's progress in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.delivery.files import is_delivered
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.jobs.status import JobState, JobStatus
from core.workspace import Project, list_runs, project_settings


class Step(StrEnum):
    """A page of the journey; the value is its address."""

    DATA = "data"
    AUGMENT = "augment"
    MODEL = "model"
    TRAIN = "train"
    SEARCH = "search"
    EVALUATE = "evaluate"
    PREDICT = "predict"
    EXPORT = "export"


class Progress(StrEnum):
    """State of a step."""

    EMPTY = "empty"  # an earlier step is missing
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    NEEDS_A_LOOK = "needs a look"


@dataclass(frozen=True, kw_only=True)
class StepState:
    """A step's progress; ``fraction`` (0 to 1) only while it runs."""

    progress: Progress
    fraction: float = 0.0


def step_states(project: Project | None) -> dict[Step, StepState]:
    """Return the state of every step, with or without a project."""
    if project is None:
        first = {Step.DATA: StepState(progress=Progress.READY)}
        return {step: first.get(step, StepState(progress=Progress.EMPTY)) for step in Step}
    settings = project_settings(project)
    runs = list_runs(project)
    delivered = any(is_delivered(run) for run in runs)
    evaluated = any(has_report(run) for run in runs)
    return {
        Step.DATA: _data(project),
        Step.AUGMENT: _done_or_ready("augmentation" in settings),
        Step.MODEL: _done_or_ready("backbone" in settings),
        Step.TRAIN: _training([JobDirectory(run).status() for run in runs]),
        Step.SEARCH: _training([job.status() for job in list_jobs(project.searches)]),
        Step.EVALUATE: StepState(progress=Progress.READY if evaluated else Progress.EMPTY),
        Step.PREDICT: StepState(progress=Progress.READY if delivered else Progress.EMPTY),
        Step.EXPORT: StepState(progress=Progress.READY if delivered else Progress.EMPTY),
    }


def _done_or_ready(is_done: bool) -> StepState:
    return StepState(progress=Progress.DONE if is_done else Progress.READY)


def _data(project: Project) -> StepState:
    """Return the Data step: done, or the progress of the check."""
    for job in list_jobs(project.jobs):
        status = job.status()
        if job.kind is JobKind.EXAMINE and not status.state.has_ended:
            return StepState(progress=Progress.RUNNING, fraction=status.fraction)
    return StepState(progress=Progress.DONE)


def _training(runs: Sequence[JobStatus]) -> StepState:
    """Return the progress of the active run or search, else the result of the newest."""
    if not runs:
        return StepState(progress=Progress.READY)
    active = [status for status in runs if not status.state.has_ended]
    if active:
        return StepState(progress=Progress.RUNNING, fraction=max(status.fraction for status in active))
    if runs[0].state in {JobState.FAILED, JobState.INTERRUPTED, JobState.PAUSED}:
        return StepState(progress=Progress.NEEDS_A_LOOK)
    return StepState(progress=Progress.DONE)
