"""Promotion of a trial to a run: its weights become the run's, without training again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import NotFoundError
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.ending import StepLog, record_results
from core.jobs.kinds import TRAIN, JobKind
from core.jobs.launcher import launch
from core.messages import N_
from core.progress import Progress
from core.records import JsonObject, Record
from core.search.records import (
    WEIGHTS_FILES,
    WEIGHTS_FOLDER,
    SearchSummary,
    TrialState,
    joined_study,
    read_trials,
    trial_folder,
)
from core.training.config import TrainingConfig
from core.workspace import list_runs, new_job_name, project_of


@dataclass(frozen=True, kw_only=True)
class TrialOrigin(Record):
    """Trial that a run was made from: ``search`` in the run's ``result.json``."""

    name: str  # of the search
    trial: int  # number


def promote_best_trial(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Make the best trial a run and launch its test and exports; the last step of a search.

    There is no run if the weights are on another machine. A search that was continued without
    a better trial keeps its run.
    """
    search = JobDirectory(directory)
    summary = search.step_result("search", SearchSummary)
    assert summary is not None  # the step before this one writes it
    if summary.weights_elsewhere is not None:
        return {"run": ""}  # training again would give a different classifier
    number = summary.best.number
    origin = TrialOrigin(name=search.name, trial=number)
    for path in list_runs(project_of(directory)):
        if JobDirectory(path).step_result("search", TrialOrigin) == origin:
            return {"run": path.name}
    run = promote_trial(search, number)
    launch(run)
    return {"run": run.name}


def promote_trial(search: JobDirectory, number: int) -> JobDirectory:
    """Create a run with a trial's settings, and with its weights if they are still here.

    Raises:
        NotFoundError: the search has no such trial, or it failed.
    """
    trial = next((one for one in read_trials(search.path) if one.number == number), None)
    if trial is None or trial.state is TrialState.FAILED:
        raise NotFoundError(
            N_("Search “{search}” has no trial {number} that could become a run."),
            search=search.name,
            number=number,
        )
    path = project_of(search.path).runs / new_job_name("run")
    settings = TrainingConfig.from_json(trial.settings)
    joined = joined_study(search.path)
    if joined is not None:  # the same version may have another number here
        settings = replace(settings, dataset_version=joined.dataset_version)
    if trial.has_weights:
        _copy_weights(trial_folder(search.path, number), path)
    write_json(path / "about.json", {"name": f"{search.name} · {number}", "note": ""})
    job = JobDirectory.create(path, JobKind.TRAIN, settings.to_json())
    if trial.has_weights:
        training = read_json(path / "training.json")
        record_results(path, training | {"search": TrialOrigin(name=search.name, trial=number).to_json()})
        StepLog(job).add(TRAIN)
    return job


def _copy_weights(trial: Path, run: Path) -> None:
    run.mkdir(parents=True)
    shutil.copytree(trial / WEIGHTS_FOLDER, run / WEIGHTS_FOLDER)
    for name in WEIGHTS_FILES:
        shutil.copyfile(trial / name, run / name)
