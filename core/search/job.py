"""The steps of a search: trials until the time is over; then the best of them, and how much to believe it."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna

import core
from core.data.dataset import Dataset, open_dataset
from core.errors import SearchError
from core.messages import N_, Message
from core.progress import JobPaused, JobStopped, Progress, QuietProgress, Stage
from core.search.analysis.summary import verdict
from core.search.config import SearchConfig
from core.search.records import best_trial, counts, joined_study, read_now, read_trials
from core.search.study.database import database_in_use
from core.search.study.shared_spec import write_order
from core.search.study.study import (
    PLACE,
    forget_plan,
    has_running,
    open_study,
    plan_of,
    seed_of,
    set_plan,
    settle_abandoned,
)
from core.search.study.weight_transfer import mailbox_of
from core.search.trials.first_trials import queue_first_trials
from core.search.trials.folds import is_cross_validated, judged_rows
from core.search.workers.cores import CORES_VARIABLE, share_cores
from core.search.workers.loop import HEADS_SHARE, SearchWorker
from core.search.workers.recording import Recorder
from core.training.cost.estimate import expected_stages
from core.training.job import require_all_splits
from core.workspace import project_of

_HELPERS_END_SECONDS = 30.0
_HEAD_SECONDS = 1.0  # a trial of a head
_OTHERS_END_SECONDS = 10.0  # for processes that were not started here to give up what they have at work
_LOOK_SECONDS = 0.2


def search(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run trials; stopped with at least one complete, it returns as if it had finished.

    Raises:
        SearchError: nothing works, or no trial was completed in the time, or the database was lost.
    """
    settings = SearchConfig.from_json(config)
    _require_own(directory)
    dataset = open_dataset(project_of(directory), settings.base.dataset_version)
    require_all_splits(dataset)
    with database_in_use(settings.storage):
        _work(directory, settings, dataset, progress)
    if best_trial(read_trials(directory), settings.goal) is None:
        if progress.should_stop():
            raise JobStopped
        raise SearchError(
            N_("No trial was completed in this time. Give the search more of it, or a smaller space.")
        )
    return {}


def conclude(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Say which trial is the best, how much its score flatters it, what was gained, and where its weights are."""
    settings = SearchConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.base.dataset_version)
    with database_in_use(settings.storage):
        study = open_study(directory, settings, create=False)
        settle_abandoned(study)
        mailbox = mailbox_of(directory, settings)
        Recorder(directory, settings, study, QuietProgress(), mailbox).look()  # what nobody wrote down
        trials = read_trials(directory)
        found = verdict(study, settings, dataset, judged_rows(settings, dataset), trials)
        elsewhere = _elsewhere(directory, study, found["best"]["number"])
    seconds = round(read_now(directory).seconds, 1)
    answer = {"trials": counts(trials), "seconds": seconds, **found}
    return {"search": answer | ({"elsewhere": elsewhere.to_json()} if elsewhere else {})}


def _work(directory: Path, settings: SearchConfig, dataset: Dataset, progress: Progress) -> None:
    study = open_study(directory, settings)
    write_order(study, settings, dataset)
    _await_beginning(study)
    settle_abandoned(study)
    queue_first_trials(study, directory, settings)
    worker = SearchWorker(directory, settings, dataset, study, progress, seed=seed_of(settings, 0, study))
    progress.plan({**_preparation(dataset, settings), Stage.SEARCHING: _expected(dataset, settings)})
    worker.runner.prepare(settings.base)
    progress.stage(Stage.SEARCHING)
    with Recorder(directory, settings, study, progress, mailbox_of(directory, settings)) as recorder:
        _begin(study, settings, recorder.seconds_before)
        with _helpers(directory, settings.workers), _ending(study):
            worker.work_to_the_end()
        settle_abandoned(study)
        if not progress.should_stop():
            _await_others(study)


def _require_own(directory: Path) -> None:
    if joined_study(directory) is not None:
        raise SearchError(
            N_(
                "“{name}” is another machine's search, which this one only helps. Go on with it there, "
                "and help with: python -m core search --worker {name} --storage ADDRESS"
            ),
            name=directory.name,
        )


def _await_beginning(study: optuna.Study) -> None:
    """Workers that join before the time runs wait for it; those that are still at work go on."""
    plan = plan_of(study)
    if plan["over"] or plan["rests"]:
        forget_plan(study)


def _begin(study: optuna.Study, settings: SearchConfig, spent: float) -> None:
    """From here the time runs, less what earlier attempts have spent of it."""
    now, total = time.time(), 60 * settings.minutes
    set_plan(
        study,
        deadline=now + total - spent if total else None,
        heads_until=now + HEADS_SHARE * total - spent if total and not settings.trials else None,
        trials=settings.trials,
    )


@contextlib.contextmanager
def _ending(study: optuna.Study) -> Iterator[None]:
    """Tell every other process how this one's work ended."""
    rests = False
    try:
        yield
    except JobPaused:
        rests = True
        raise
    finally:
        set_plan(study, **{**plan_of(study), "over": not rests, "rests": rests})


def _await_others(study: optuna.Study) -> None:
    """The time is over for processes on other machines as well; what they gave up counts."""
    deadline = time.monotonic() + _OTHERS_END_SECONDS
    while has_running(study) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _elsewhere(directory: Path, study: optuna.Study, number: int) -> Message | None:
    """Where the weights of the best trial are, if they are not here."""
    if any(trial.number == number and trial.has_weights for trial in read_trials(directory)):
        return None
    attributes = study.get_trials(deepcopy=False)[number].user_attrs
    place = attributes.get(PLACE)
    if place is None:
        return Message(
            N_("The weights of trial {number}, the best, are gone. To train it again: {command}"),
            {"number": number, "command": _run_command(directory, number)},
        )
    return Message(
        N_(
            "Trial {number} is the best. Its weights were too large to be sent: they are on the machine "
            "{machine}, in {folder}. Make it a run there: {command}"
        ),
        {"number": number, **place, "command": _run_command(directory, number)},
    )


def _run_command(directory: Path, number: int) -> str:
    return f"python -m core trials {directory.name} --run {number}"


def _expected(dataset: Dataset, settings: SearchConfig) -> float:
    """Seconds of all trials, before the first has told."""
    one = _HEAD_SECONDS
    if settings.searches_networks:
        stages = expected_stages(dataset, settings.base)
        one += stages.get(Stage.ACTIVATIONS, 0.0) + stages.get(Stage.FINE_TUNING, 0.0)
    if is_cross_validated(settings, dataset):
        one *= 1 + settings.folds
    of_trials = settings.trials * one / settings.workers or math.inf
    return min(60 * settings.minutes or math.inf, of_trials)


def _preparation(dataset: Dataset, settings: SearchConfig) -> dict[Stage, float]:
    """Seconds until the first trial can begin."""
    later = {Stage.TRAINING, Stage.ACTIVATIONS, Stage.FINE_TUNING, Stage.EVALUATING, Stage.EXPORTING}
    stages = expected_stages(dataset, settings.base)
    return {stage: seconds for stage, seconds in stages.items() if stage not in later}


@contextlib.contextmanager
def _helpers(directory: Path, workers: int) -> Iterator[None]:
    """Further processes on this machine, each with its share of the cores."""
    root = Path(core.__file__).resolve().parent.parent
    helpers: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as files:
        for number in range(1, workers):
            log_file = files.enter_context((directory / f"worker-{number}.log").open("ab"))
            helpers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "core.search.workers.helper", str(directory), str(number)],
                    cwd=root, stdin=subprocess.DEVNULL, stdout=log_file, stderr=log_file,
                    env=os.environ | {CORES_VARIABLE: f"{number}/{workers}"},
                )
            )  # fmt: skip
        with share_cores(0, workers):
            try:
                yield
            finally:
                _end(helpers)


def _end(helpers: list[subprocess.Popen[bytes]]) -> None:
    """Wait for what they have at work; a process that does not answer is ended, and its trial queued again."""
    deadline = time.monotonic() + _HELPERS_END_SECONDS
    for helper in helpers:
        try:
            helper.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            helper.kill()
            helper.wait()
