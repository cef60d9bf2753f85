"""Run management: name, annotate, compare, delete and repeat runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.delivery.files import is_delivered, tflite_file
from core.delivery.latency import read_latency
from core.errors import BusyError, EvaluationError
from core.evaluation.evaluated_run import measured_report
from core.evaluation.looks import digest_of_test_set
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.ending import completes
from core.jobs.environment import Environment
from core.jobs.kinds import JobKind
from core.jobs.launcher import launching
from core.jobs.status import JobState
from core.messages import N_
from core.models.views import PLAIN
from core.records import JsonObject, Record, read_record, write_record
from core.runs.control import finishing_job, is_worked_on
from core.runs.setting_names import flat
from core.training.config import TrainingConfig
from core.training.records import TrainingSummary
from core.workspace import close_staging, open_staging, project_of

MAX_NAME_LENGTH = 80
MAX_NOTE_LENGTH = 2000


@dataclass(frozen=True, kw_only=True)
class About(Record):
    """Name and note of a run, written by people; empty by default."""

    name: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class RunRow(Record):
    """One run in a comparison. Values that it does not have yet are None."""

    run: str
    # By people, otherwise the name of the run's directory.
    name: str
    state: JobState
    # None of an ensemble.
    recipe: str | None
    backbone: str | None
    seed: int | None
    # Of an ensemble: names of its runs.
    members: tuple[str, ...]
    # Code of the views of a picture whose answers are averaged.
    views: str
    dataset_version: int
    # Trained so far.
    epochs: int | None
    # Of the best epoch; the loss in nats.
    validation_accuracy: float | None
    validation_loss: float | None
    test_accuracy: float | None
    # 95% confidence interval of the accuracy.
    test_interval: tuple[float, float] | None
    test_macro_f1: float | None
    test_pictures: int | None
    # Of work, over all attempts.
    seconds: float
    # Of one picture, where it was measured on this machine.
    milliseconds: float | None
    # Of the delivered classifier.
    model_bytes: int | None
    # Of all files in the run's directory.
    disk_bytes: int
    environment: Environment


@dataclass(frozen=True, kw_only=True)
class RunComparison(Record):
    """Comparison of runs."""

    rows: tuple[RunRow, ...]
    # Dotted name of a setting -> its value in each run.
    differing: Mapping[str, tuple[Any, ...]]
    # True if tested on the same pictures with the same labels. None: not all are tested.
    has_same_test: bool | None


def run_about(run: JobDirectory) -> About:
    """Read the name and the note of a run."""
    file = run.path / "about.json"
    return read_record(file, About) if file.exists() else About()


def run_title(run: JobDirectory) -> str:
    """Return the name of a run, by default that of its directory."""
    return run_about(run).name or run.name


def describe_run(run: JobDirectory, name: str | None = None, note: str | None = None) -> About:
    """Set the name or the note of a run; None leaves a value unchanged."""
    before = run_about(run)
    about = About(
        name=before.name if name is None else " ".join(name.split())[:MAX_NAME_LENGTH],
        note=before.note if note is None else note.strip()[:MAX_NOTE_LENGTH],
    )
    write_record(run.path / "about.json", about)
    return about


def delete_run(run: JobDirectory) -> int:
    """Delete a run and the files that belong to it alone. It cannot be undone.

    Returns:
        The bytes freed.
    Raises:
        BusyError: a worker is running on it.
    """
    project = project_of(run.path)
    with launching():
        if is_worked_on(run):
            raise BusyError(
                N_("“{name}” is at work. Stop it, and delete it once it has ended."), name=run_title(run)
            )
        jobs = [job.path for job in list_jobs(project.jobs) if completes(job, run.path)]
        # Features of its own network. Those of a frozen backbone belong to all runs.
        features = list((project.dataset / "features").glob(f"{run.name}-*"))
        doomed = [*features, *jobs, run.path]
        size = sum(folder_bytes(path) for path in doomed)
        # The remains of a crash are removed with the staging folder.
        staging = open_staging()
        for number, path in enumerate(doomed):
            path.rename(staging / str(number))
    close_staging(staging)
    return size


def cloned_config(run: JobDirectory) -> TrainingConfig:
    """Read the settings of a run, to repeat it.

    Raises:
        EvaluationError: the run is an ensemble, which was not trained.
    """
    if run.kind is JobKind.ENSEMBLE:
        raise EvaluationError(
            N_(
                "“{name}” was made of finished runs: train those again, then join them or average their views."
            ),
            name=run_title(run),
        )
    return TrainingConfig.from_json(run.config())


def compare_runs(runs: Sequence[JobDirectory]) -> RunComparison:
    """Compare runs, in the order given: accuracy, cost and settings that differ."""
    configs = [run_settings(run) for run in runs]
    tests = [_test_digest(run) for run in runs]
    return RunComparison(
        rows=tuple(_row(run, config) for run, config in zip(runs, configs, strict=True)),
        differing=_differing(runs, configs),
        has_same_test=None if None in tests else len(set(tests)) <= 1,
    )


def _differing(runs: Sequence[JobDirectory], configs: Sequence[JsonObject]) -> dict[str, tuple[Any, ...]]:
    """Find the settings in which trained runs differ; an ensemble has None for each."""
    trained = [index for index, run in enumerate(runs) if run.kind is not JobKind.ENSEMBLE]
    differing = differing_settings([configs[index] for index in trained])
    return {
        name: tuple(values[trained.index(index)] if index in trained else None for index in range(len(runs)))
        for name, values in differing.items()
    }


def differing_settings(records: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Find the settings in which records differ, by dotted name; None for a missing one."""
    flattened = [flat(record) for record in records]
    names = dict.fromkeys(name for record in flattened for name in record)
    values = {name: tuple(record.get(name) for record in flattened) for name in names}
    return {name: each for name, each in values.items() if any(value != each[0] for value in each)}


def folder_bytes(folder: Path) -> int:
    """Add up the bytes of a file, or of all files below a folder."""
    files = [folder] if folder.is_file() else [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)


def run_settings(run: JobDirectory) -> JsonObject:
    """Read every setting of a run or an ensemble, as stored today."""
    return run.config() if run.kind is JobKind.ENSEMBLE else cloned_config(run).to_json()


def _row(run: JobDirectory, settings: Mapping[str, Any]) -> RunRow:
    training = run.step_result("training", TrainingSummary)
    best = training.best if training else None
    report = measured_report(run.path) if has_report(run.path) else None
    latency = read_latency(run.path)
    return RunRow(
        run=run.name,
        name=run_title(run),
        state=run.status().state,
        recipe=settings.get("recipe"),
        backbone=settings.get("backbone"),
        members=tuple(settings.get("members", ())),
        views=settings.get("views", PLAIN.code),
        dataset_version=settings["dataset_version"],
        seed=settings.get("seed"),
        epochs=training.epochs if training else None,
        validation_accuracy=best.validation_accuracy if best else None,
        validation_loss=best.validation_loss if best else None,
        test_accuracy=report.accuracy if report else None,
        test_interval=report.accuracy_interval if report else None,
        test_macro_f1=report.macro.f1 if report else None,
        test_pictures=report.pictures if report else None,
        seconds=_seconds(run),
        milliseconds=latency.milliseconds if latency else None,
        model_bytes=tflite_file(run.path).stat().st_size if is_delivered(run.path) else None,
        disk_bytes=folder_bytes(run.path),
        environment=run.environment(),
    )


def _seconds(job: JobDirectory) -> float:
    """Add up the seconds of work: the run's own, and of the job that completed it after a stop."""
    rest = finishing_job(project_of(job.path), job.path)
    stages = [work.status().seconds for work in (job, rest) if work is not None]
    return round(sum(sum(seconds.values()) for seconds in stages), 3)


def _test_digest(run: JobDirectory) -> str | None:
    """Project and digest of the test pictures and their labels; None before the test."""
    if not has_report(run.path):
        return None
    # Ids are unique within a project.
    return f"{project_of(run.path).name} {digest_of_test_set(run.path)}"
