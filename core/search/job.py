"""Steps of a search job: run trials until the budget is used, then summarize them."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import optuna

import core
from core.data.dataset import Dataset, open_dataset
from core.errors import SearchError
from core.messages import N_, Message
from core.progress import JobPaused, JobStopped, Progress, QuietProgress, Stage
from core.records import JsonObject
from core.search.analysis.summary import summarize
from core.search.config import Goal, Sampler, SearchConfig
from core.search.records import best_trial, joined_study, read_search_progress, read_trials
from core.search.study.database import database_in_use
from core.search.study.first_trials import queue_first_trials
from core.search.study.plan import StudyPlan, clear_plan, plan_of, set_plan
from core.search.study.shared_spec import write_shared_spec
from core.search.study.study import open_study, seed_of
from core.search.study.trials import LOCATION, WeightsLocation, has_running, settle_abandoned
from core.search.study.weight_transfer import weight_transfer_of
from core.search.trials.folds import is_cross_validated, scored_rows
from core.search.workers.cores import CORES_VARIABLE, share_cores
from core.search.workers.loop import HEADS_SHARE, SearchWorker
from core.search.workers.recording import Recorder
from core.training.cost.estimate import expected_stages
from core.training.job import require_all_splits
from core.workspace import project_of

_HELPERS_END_SECONDS = 30.0
_HEAD_SECONDS = 1.0  # for a trial of a head
_OTHERS_END_SECONDS = 10.0  # for workers of other machines to end their trials
_LOOK_SECONDS = 0.2


def search(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Run trials; a stopped search with a complete trial returns as a finished one does.

    Raises:
        SearchError: the first trials all failed, none was completed in time, the database was lost, or
            no picture defines the metric that matters.
    """
    settings = SearchConfig.from_json(config)
    _require_own(directory)
    dataset = open_dataset(project_of(directory), settings.base.dataset_version)
    require_all_splits(dataset)
    _require_measurable(dataset, settings)
    with database_in_use(settings.storage):
        _work(directory, settings, dataset, progress)
    if best_trial(read_trials(directory), settings.goal) is None:
        if progress.should_stop():
            raise JobStopped
        raise SearchError(
            N_("No trial was completed in this time. Give the search more time or a smaller space.")
        )
    return {}


def conclude(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Select the best trial, and estimate its selection bias and its gain over the baseline."""
    settings = SearchConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.base.dataset_version)
    with database_in_use(settings.storage):
        study = open_study(directory, settings, create=False)
        settle_abandoned(study)
        weight_transfer = weight_transfer_of(directory, settings)
        # Trials that ended after the search's last update.
        Recorder(directory, settings, study, QuietProgress(), weight_transfer).update()
        seconds = round(read_search_progress(directory).seconds, 1)
        summary = summarize(
            study, settings, dataset, scored_rows(settings, dataset), read_trials(directory), seconds=seconds
        )
        elsewhere = _weights_elsewhere(directory, study, summary.best.number)
    return {"search": replace(summary, weights_elsewhere=elsewhere).to_json()}


def _work(directory: Path, settings: SearchConfig, dataset: Dataset, progress: Progress) -> None:
    study = open_study(directory, settings)
    write_shared_spec(study, settings, dataset)
    _clear_old_plan(study)
    settle_abandoned(study)
    queue_first_trials(study, directory, settings)
    worker = SearchWorker(directory, settings, dataset, study, progress, seed=seed_of(settings, 0, study))
    # A climb's minutes are all that it takes.
    prepares = settings.sampler is not Sampler.LADDER
    preparation = _preparation(dataset, settings) if prepares else {}
    progress.plan({**preparation, Stage.SEARCHING: _expected(dataset, settings)})
    if prepares:
        worker.runner.prepare(settings.base)
    progress.stage(Stage.SEARCHING)
    with Recorder(directory, settings, study, progress, weight_transfer_of(directory, settings)) as recorder:
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
                "“{name}” is the search of another machine; this one only helps. Resume it there, "
                "and help with: python -m core search --worker {name} --storage ADDRESS"
            ),
            name=directory.name,
        )


def _require_measurable(dataset: Dataset, settings: SearchConfig) -> None:
    metric = settings.base.leading_metric
    if settings.goal is not Goal.LEADING or metric is None:
        return
    shown = dataset.targets[scored_rows(settings, dataset)] > 0.5
    # Even of answers that are all right.
    if math.isnan(metric.merit_of(dataset.task, shown, shown)):
        raise SearchError(
            N_(
                "No picture that trials are scored on shows “{name}”, so the metric that matters cannot be "
                "measured. Divide the pictures anew, or search for another goal."
            ),
            name=metric.class_name,
        )


def _clear_old_plan(study: optuna.Study) -> None:
    """Let workers that join now wait for the new plan; those still at work continue."""
    plan = plan_of(study)
    if plan.is_over or plan.is_paused:
        clear_plan(study)


def _begin(study: optuna.Study, settings: SearchConfig, spent: float) -> None:
    """Publish the plan: the search's time, less that of earlier attempts, begins now."""
    now, total = time.time(), 60 * settings.minutes
    plan = StudyPlan(
        deadline=now + total - spent if total else None,
        heads_until=now + HEADS_SHARE * total - spent if total and not settings.trials else None,
        max_trials=settings.trials,
        is_over=False,
    )
    set_plan(study, plan)


@contextlib.contextmanager
def _ending(study: optuna.Study) -> Iterator[None]:
    """Publish the end of the search, or its pause, to all workers."""
    is_paused = False
    try:
        yield
    except JobPaused:
        is_paused = True
        raise
    finally:
        set_plan(study, replace(plan_of(study), is_over=not is_paused, is_paused=is_paused))


def _await_others(study: optuna.Study) -> None:
    """Wait for other machines to end their trials, which count."""
    deadline = time.monotonic() + _OTHERS_END_SECONDS
    while has_running(study) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _weights_elsewhere(directory: Path, study: optuna.Study, number: int) -> Message | None:
    """Location of the best trial's weights for people; None if they are here."""
    if any(trial.number == number and trial.has_weights for trial in read_trials(directory)):
        return None
    attributes = study.get_trials(deepcopy=False)[number].user_attrs
    if LOCATION not in attributes:
        return Message(
            N_("The weights of trial {number}, the best one, are gone. To train it again: {command}"),
            {"number": number, "command": _run_command(directory, number)},
        )
    return Message(
        N_(
            "Trial {number} is the best. Its weights were too large to send: they are on the machine "
            "{machine}, in {folder}. Make it a run there: {command}"
        ),
        {
            "number": number,
            **WeightsLocation.from_json(attributes[LOCATION]).to_json(),
            "command": _run_command(directory, number),
        },
    )


def _run_command(directory: Path, number: int) -> str:
    return f"python -m core trials {directory.name} --run {number}"


def _expected(dataset: Dataset, settings: SearchConfig) -> float:
    """Expected seconds of all trials, before the first one has ended."""
    one = _HEAD_SECONDS
    if settings.searches_networks:
        stages = expected_stages(dataset, settings.base)
        one += stages.get(Stage.ACTIVATIONS, 0.0) + stages.get(Stage.FINE_TUNING, 0.0)
    if is_cross_validated(settings, dataset):
        one *= 1 + settings.folds
    of_trials = settings.trials * one / settings.workers or math.inf
    return min(60 * settings.minutes or math.inf, of_trials)


def _preparation(dataset: Dataset, settings: SearchConfig) -> dict[Stage, float]:
    """Expected seconds of each stage before the first trial."""
    later = {Stage.TRAINING, Stage.ACTIVATIONS, Stage.FINE_TUNING, Stage.EVALUATING, Stage.EXPORTING}
    stages = expected_stages(dataset, settings.base)
    return {stage: seconds for stage, seconds in stages.items() if stage not in later}


@contextlib.contextmanager
def _helpers(directory: Path, workers: int) -> Iterator[None]:
    """Start and end helper processes on this machine, each with its share of the cores."""
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
    """Wait for the helpers; one that does not end in time is killed, and its trial queued again."""
    deadline = time.monotonic() + _HELPERS_END_SECONDS
    for helper in helpers:
        try:
            helper.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            helper.kill()
            helper.wait()
