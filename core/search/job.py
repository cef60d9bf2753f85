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
from core.messages import N_
from core.progress import JobStopped, Progress, QuietProgress, Stage
from core.search.config import SearchConfig
from core.search.cores import CORES_VARIABLE, share_cores
from core.search.folds import is_cross_validated, judged_rows
from core.search.recording import Recorder
from core.search.records import best_trial, counts, read_now, read_trials
from core.search.starting import queue_first_trials
from core.search.study import open_study, plan_of, seed_of, set_plan, settle_abandoned
from core.search.verdict import verdict
from core.search.working import HEADS_SHARE, SearchWorker
from core.training.estimate import expected_stages
from core.training.job import require_all_parts
from core.workspace import project_of

_HELPERS_END_SECONDS = 30.0
_HEAD_SECONDS = 1.0  # a trial of a head


def search(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run trials; stopped with at least one complete, it returns as if it had finished.

    Raises:
        SearchError: nothing works, or no trial was completed in the time.
    """
    settings = SearchConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.base.dataset_version)
    require_all_parts(dataset)
    study = open_study(directory, settings, seed=seed_of(settings, 0))
    settle_abandoned(study)
    queue_first_trials(study, directory, settings)
    worker = SearchWorker(directory, settings, dataset, study, progress, seed=seed_of(settings, 0, study))
    progress.plan({**_preparation(dataset, settings), Stage.SEARCHING: _expected(dataset, settings)})
    worker.runner.prepare(settings.base)
    progress.stage(Stage.SEARCHING)
    with Recorder(directory, settings, study, progress) as recorder:
        _begin(study, settings, recorder.seconds_before)
        try:
            with _helpers(directory, settings.workers):
                worker.work()
        finally:
            set_plan(study, **{**plan_of(study), "over": True})
    if best_trial(read_trials(directory), settings.goal) is None:
        if progress.should_stop():
            raise JobStopped
        raise SearchError(
            N_("No trial was completed in this time. Give the search more of it, or a smaller space.")
        )
    return {}


def conclude(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Say which trial is the best, how much its score flatters it, and what was gained."""
    settings = SearchConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.base.dataset_version)
    study = open_study(directory, settings, create=False)
    settle_abandoned(study)
    Recorder(directory, settings, study, QuietProgress()).look()  # what ended while nobody wrote it down
    trials = read_trials(directory)
    found = verdict(study, settings, dataset, judged_rows(settings, dataset), trials)
    seconds = round(read_now(directory).seconds, 1)
    return {"search": {"trials": counts(trials), "seconds": seconds, **found}}


def _begin(study: optuna.Study, settings: SearchConfig, spent: float) -> None:
    """From here the time runs, less what earlier attempts have spent of it."""
    now, total = time.time(), 60 * settings.minutes
    set_plan(
        study,
        deadline=now + total - spent if total else None,
        heads_until=now + HEADS_SHARE * total - spent if total and not settings.trials else None,
        trials=settings.trials,
    )


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
                    [sys.executable, "-m", "core.search.worker", str(directory), str(number)],
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
