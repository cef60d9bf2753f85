"""A search of heads: trials a minute, the time that it takes beside training, and what it holds in memory.

Photographs are imported and looked at before; only the search itself is timed. The
first search goes on for so long that memory which is not given back would show.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil

from benchmarks.commands import darkroom, log, train
from benchmarks.figures import Figure, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs
from core.data.dataset import open_dataset
from core.devices import cpu_cores
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.runs.start_runs import start_search
from core.search.config import Scoring, SearchConfig
from core.search.records import TRIALS_FILE, TrialRecord, read_trials
from core.search.space import SearchSpace, Speed, default_space
from core.training.config import HeadConfig, Pooling, TrainingConfig
from core.workspace import Project, get_project

_PICTURES, _QUICK_PICTURES = 1600, 100
_LONG_TRIALS, _SHORT_TRIALS, _QUICK_TRIALS = 500, 120, 3
_LEAST_A_MINUTE = 60.0
_MOST_OVERHEAD, _MOST_GROWTH = 10.0, 10.0  # percent
_LOOK_SECONDS = 0.5
_SCORING = Scoring.VALIDATION  # also of a quick run's few pictures


@dataclass(frozen=True, kw_only=True)
class Held:
    """Memory of a search's own process at one moment."""

    trials: int  # that had ended
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Searched:
    """A search that is over."""

    trials: list[TrialRecord]
    seconds: float  # from its first trial to its last
    processes: int
    held: list[Held]

    @property
    def a_minute(self) -> float:
        return 60 * len(self.trials) / self.seconds


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "home"
        os.environ["DARKROOM_HOME"] = str(home)
        source = Path(temporary) / "photographs"
        write_photographs(source, _QUICK_PICTURES if options.quick else _PICTURES)
        darkroom(home, "import", str(source), "--project", "photographs")
        train(home, "photographs")  # converts the backbone and looks at all pictures
        return _figures(get_project("photographs"), options)


def _figures(project: Project, options: Options) -> list[Figure]:
    pictures = len(open_dataset(project).pictures)
    long, short = (_QUICK_TRIALS,) * 2 if options.quick else (_LONG_TRIALS, _SHORT_TRIALS)
    cores, early = cpu_cores(), max(1, long // 5)
    of_means, of_quarters = f"{pictures:,} x 1,280 features", f"{pictures:,} x 1,280 or 5,120 features"
    means, usual = _means(project), SearchConfig(base=_base(project), trials=short, scoring=_SCORING)
    first = _searched(project, replace(means, trials=long))
    shared = _searched(project, replace(means, trials=short, workers=cores))
    wide = _searched(project, usual)
    wide_shared = _searched(project, replace(usual, workers=cores))
    return [
        _speed_figure(f"{of_means}, one process", first),
        _speed_figure(f"{of_means}, a process for each of {cores} cores", shared),
        _speed_figure(f"{of_quarters} (as it comes), one process", wide),
        _speed_figure(f"{of_quarters} (as it comes), a process for each of {cores} cores", wide_shared),
        Figure(
            name=f"time outside training, {of_means}, {long} trials",
            measured=overhead_percent(first.trials, first.seconds),
            unit="% of the search",
            less_is_better=True,
            target=Target(at_most=_MOST_OVERHEAD),
        ),
        Figure(
            name=f"most memory of the search's process, {long} trials",
            measured=max(one.bytes for one in first.held) / 1e9,
            unit="GB",
            less_is_better=True,
        ),
        Figure(
            name=f"memory after {long} trials, more than after {early}",
            measured=growth_percent(first.held, early),
            unit="%",
            less_is_better=True,
            target=Target(at_most=_MOST_GROWTH),
            details={"held": [(one.trials, one.bytes) for one in first.held]},
        ),
    ]


def overhead_percent(trials: Sequence[TrialRecord], seconds: float) -> float:
    """The share of one process's time in which no trial was trained or judged."""
    return 100 * (1 - sum(trial.seconds for trial in trials) / seconds)


def growth_percent(held: Sequence[Held], early: int) -> float:
    """By how much more is held towards the end than around trial ``early``, medians of a tenth of all trials."""
    last = max(one.trials for one in held)
    span = max(1, last // 20)
    around = [one.bytes for one in held if abs(one.trials - early) <= span]
    late = [one.bytes for one in held if one.trials >= last - 2 * span]
    if not around:
        raise ValueError(f"nothing was measured around trial {early}")
    return 100 * (float(np.median(late)) / float(np.median(around)) - 1)


def _speed_figure(name: str, searched: Searched) -> Figure:
    linear = [trial for trial in searched.trials if not trial.settings["head"]["hidden_units"]]
    hidden = [trial for trial in searched.trials if trial.settings["head"]["hidden_units"]]
    return Figure(
        name=f"trials a minute, {name}",
        measured=searched.a_minute,
        unit="trials/min",
        target=Target(at_least=_LEAST_A_MINUTE),
        details={
            "trials": len(searched.trials),
            "seconds": searched.seconds,
            "processes": searched.processes,
            "seconds_a_linear_head": _mean_seconds(linear),
            "seconds_a_hidden_head": _mean_seconds(hidden),
            "hidden_heads": len(hidden),
            "pruned": sum(trial.state == "pruned" for trial in searched.trials),
        },
    )


def _mean_seconds(trials: Sequence[TrialRecord]) -> float | None:
    return round(sum(trial.seconds for trial in trials) / len(trials), 3) if trials else None


def _base(project: Project, pooling: Pooling = Pooling.AUTO) -> TrainingConfig:
    return TrainingConfig(dataset_version=open_dataset(project).version, head=HeadConfig(pooling=pooling))


def _means(project: Project) -> SearchConfig:
    """The usual space, of heads on the means of the quarters alone: 1,280 features."""
    base = _base(project, Pooling.GLOBAL)
    domains = dict(default_space(Speed.HEAD, base).domains)
    del domains["pooling"]
    return SearchConfig(base=base, space=SearchSpace(domains=domains), trials=1, scoring=_SCORING)


def _searched(project: Project, config: SearchConfig) -> Searched:
    """Search to the end, with the test of what it found.

    Raises:
        RuntimeError: it did not finish.
    """
    log(f"searching: {config.trials} trials, {config.workers} processes")
    job = start_search(project, config)
    held = _watch(job)
    result = job.result() or {}
    run = JobDirectory(project.runs / result["run"])
    if (state := wait_for(run)) is not JobState.FINISHED:  # it would take time from the next search
        raise RuntimeError(f"the run of the best trial ended as {state}: {run.status().error}")
    trials = read_trials(job.path)
    return Searched(trials=trials, seconds=result["search"]["seconds"], processes=config.workers, held=held)


def _watch(job: JobDirectory) -> list[Held]:
    """Memory of its process, sampled twice a second while trials ran."""
    process_id = job.process_id()
    assert process_id is not None, "the launcher has noted it"
    process, held = psutil.Process(process_id), []
    file = job.path / TRIALS_FILE
    while not (status := job.status()).state.has_ended:
        ended = file.read_bytes().count(b"\n") if file.exists() else 0
        try:
            if ended:
                held.append(Held(trials=ended, bytes=process.memory_info().rss))
        except psutil.NoSuchProcess:
            break  # it has just ended
        time.sleep(_LOOK_SECONDS)
    if (state := wait_for(job)) is not JobState.FINISHED:
        raise RuntimeError(f"the search ended as {state}: {status.error}")
    return held
