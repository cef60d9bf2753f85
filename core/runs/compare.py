"""Runs as things that people keep: named, noted, compared, deleted, and done again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.delivery.files import is_delivered, tflite_file
from core.errors import BusyError
from core.evaluation.report import has_report, read_predictions, read_report
from core.files import digest_of, read_json, write_json
from core.jobs.directory import JobDirectory, JobState, list_jobs
from core.jobs.launcher import launching
from core.messages import N_
from core.runs.start import finishing_job, is_worked_on
from core.training.config import TrainingConfig
from core.workspace import open_staging, project_of

MAX_NAME_LENGTH = 80
MAX_NOTE_LENGTH = 2000


@dataclass(frozen=True, kw_only=True)
class About:
    """What people call a run, and what they wrote down about it; empty where they did not."""

    name: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run in a comparison. What it does not have yet is None."""

    run: str
    name: str  # what people call it, or the run's own name
    state: JobState
    recipe: str
    backbone: str
    dataset_version: int
    seed: int
    epochs: int | None  # trained
    validation_accuracy: float | None  # of the best epoch
    validation_loss: float | None  # nats
    test_accuracy: float | None
    test_interval: tuple[float, float] | None  # where the true accuracy lies, 95%
    test_macro_f1: float | None
    test_pictures: int | None
    seconds: float  # of work, over all attempts
    model_bytes: int | None  # of the delivered classifier
    disk_bytes: int  # of everything the run keeps
    environment: Mapping[str, Any]  # versions and device


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """Runs side by side."""

    rows: tuple[RunRow, ...]
    differing: Mapping[str, tuple[Any, ...]]  # dotted setting -> its value in each run
    has_same_test: bool | None  # tested on the same pictures with the same labels; None: not all are tested


def run_about(run: JobDirectory) -> About:
    file = run.path / "about.json"
    return About(**read_json(file)) if file.exists() else About()


def run_title(run: JobDirectory) -> str:
    """What people call a run, else its own name."""
    return run_about(run).name or run.name


def describe_run(run: JobDirectory, name: str | None = None, note: str | None = None) -> About:
    """Name a run, or write down something about it; what is not given stays."""
    before = run_about(run)
    about = About(
        name=before.name if name is None else " ".join(name.split())[:MAX_NAME_LENGTH],
        note=before.note if note is None else note.strip()[:MAX_NOTE_LENGTH],
    )
    write_json(run.path / "about.json", asdict(about))
    return about


def delete_run(run: JobDirectory) -> int:
    """Remove a run with all that belongs to it alone; returns the bytes it took. It cannot be undone.

    Raises:
        BusyError: something works on it.
    """
    project = project_of(run.path)
    with launching():
        if is_worked_on(run):
            raise BusyError(
                N_("“{name}” is at work. Stop it, and delete it once it has ended."), name=run_title(run)
            )
        jobs = [job.path for job in list_jobs(project.jobs) if _completes(job, run)]
        # Features of its own network; those of a frozen backbone belong to all runs.
        features = list((project.dataset / "features").glob(f"{run.name}-*"))
        doomed = [*features, *jobs, run.path]
        size = sum(folder_bytes(path) for path in doomed)
        staging = open_staging()  # what a crash leaves there is removed later
        for number, path in enumerate(doomed):
            path.rename(staging / str(number))
    shutil.rmtree(staging)
    return size


def cloned_config(run: JobDirectory) -> TrainingConfig:
    """The settings with which a run would be made again."""
    return TrainingConfig.from_json(run.config())


def compare_runs(runs: Sequence[JobDirectory]) -> RunComparison:
    """Runs side by side, in the order given: how good, how fast, and what was set differently."""
    configs = [cloned_config(run) for run in runs]
    tests = [_test_digest(run) for run in runs]
    return RunComparison(
        rows=tuple(_row(run, config) for run, config in zip(runs, configs, strict=True)),
        differing=differing_settings([config.to_json() for config in configs]),
        has_same_test=None if None in tests else len(set(tests)) <= 1,
    )


def differing_settings(records: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """The settings in which records differ, by dotted name; None where one does not have it."""
    flat = [_flattened(record) for record in records]
    names = dict.fromkeys(name for record in flat for name in record)
    values = {name: tuple(record.get(name) for record in flat) for name in names}
    return {name: found for name, found in values.items() if any(value != found[0] for value in found)}


def folder_bytes(folder: Path) -> int:
    """The bytes of a file, or of all files below a folder."""
    files = [folder] if folder.is_file() else [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)


def _row(run: JobDirectory, config: TrainingConfig) -> RunRow:
    training = (run.result() or {}).get("training") or {}
    best = training.get("best") or {}
    report = read_report(run.path) if has_report(run.path) else None
    return RunRow(
        run=run.name,
        name=run_title(run),
        state=run.status().state,
        recipe=config.recipe.value,
        backbone=config.backbone,
        dataset_version=config.dataset_version,
        seed=config.seed,
        epochs=training.get("epochs"),
        validation_accuracy=best.get("validation_accuracy"),
        validation_loss=best.get("validation_loss"),
        test_accuracy=report.accuracy if report else None,
        test_interval=report.accuracy_interval if report else None,
        test_macro_f1=report.macro.f1 if report else None,
        test_pictures=report.pictures if report else None,
        seconds=_seconds(run),
        model_bytes=tflite_file(run.path).stat().st_size if is_delivered(run.path) else None,
        disk_bytes=folder_bytes(run.path),
        environment=run.environment(),
    )


def _seconds(job: JobDirectory) -> float:
    """Of work: the run's own, and of the job that completed it after a stop."""
    rest = finishing_job(project_of(job.path), job.path)
    parts = [work.status().seconds or {} for work in (job, rest) if work is not None]
    return round(sum(sum(part.values()) for part in parts), 3)


def _test_digest(run: JobDirectory) -> str | None:
    """Names the test pictures and their labels; None before they were looked at."""
    if not has_report(run.path):
        return None
    predictions = read_predictions(run.path)
    test = predictions[predictions["split"] == "test"]
    pairs = zip(test["id"].astype(str), test["label"].astype(str), strict=True)
    return digest_of([project_of(run.path).name, *sorted(pairs)])


def _completes(job: JobDirectory, run: JobDirectory) -> bool:
    return job.kind == "finish" and job.config()["job"] == str(run.path)


def _flattened(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            flat |= _flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = list(value) if isinstance(value, tuple) else value
    return flat
