"""From a trial to a run: its weights become what a training would have left, and the run goes on from there."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import NotFoundError
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.ending import StepLog, record_results
from core.jobs.kinds import TRAIN, JobKind
from core.jobs.launcher import launch
from core.messages import N_
from core.progress import Progress
from core.search.records import (
    WEIGHTS_FILES,
    WEIGHTS_FOLDER,
    TrialState,
    joined_study,
    read_trials,
    trial_folder,
)
from core.training.config import TrainingConfig
from core.workspace import list_runs, new_job_name, project_of


def start_winner(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The last step of a search: its best trial becomes a run, to be tested and packed as any other.

    Where its weights are on another machine there is no run; the result says where they are.
    A search that went on and found nothing better keeps the run that it has.
    """
    search = JobDirectory(directory)
    found = (search.result() or {})["search"]
    if found.get("elsewhere"):
        return {"run": ""}  # trained again it would be another one
    number = int(found["best"]["number"])
    for path in list_runs(project_of(directory)):
        if _trial_of(path) == (search.name, number):
            return {"run": path.name}
    run = run_of_trial(search, number)
    launch(run)
    return {"run": run.name}


def run_of_trial(search: JobDirectory, number: int) -> JobDirectory:
    """A run with a trial's settings; with its own weights where they are kept, else still to be trained.

    Raises:
        NotFoundError: the search has no such trial, or it came to nothing.
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
    if joined is not None:  # the same pictures may have another number here
        settings = replace(settings, dataset_version=joined["dataset_version"])
    if trial.has_weights:
        _take_weights(trial_folder(search.path, number), path)
    write_json(path / "about.json", {"name": f"{search.name} · {number}", "note": ""})
    job = JobDirectory.create(path, JobKind.TRAIN, settings.to_json())
    if trial.has_weights:
        training = read_json(path / "training.json")
        record_results(path, training | {"search": {"name": search.name, "trial": number}})
        StepLog(job).add(TRAIN)
    return job


def _take_weights(trial: Path, run: Path) -> None:
    run.mkdir(parents=True)
    shutil.copytree(trial / WEIGHTS_FOLDER, run / WEIGHTS_FOLDER)
    for name in WEIGHTS_FILES:
        shutil.copyfile(trial / name, run / name)


def _trial_of(run: Path) -> tuple[str, int] | None:
    """The search and the trial that a run came from."""
    found = (JobDirectory(run).result() or {}).get("search")
    return (found["name"], found["trial"]) if found else None
