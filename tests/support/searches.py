"""Simulated searches on disk, as workers leave them, for tests and benchmarks."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import psutil

from core.data.dataset import open_dataset
from core.files import append_json_line, write_json, write_json_lines
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.messages import Message
from core.search.config import Goal, SearchConfig, Tradeoff
from core.search.records import (
    PROGRESS_FILE,
    RESULT_FILE,
    TRIALS_FILE,
    Baseline,
    BestTrial,
    Gain,
    RunningTrial,
    SearchProgress,
    SearchSummary,
    SelectionBias,
    TrialRecord,
    TrialState,
    best_trial,
    counts,
    pareto_front,
    trial_folder,
)
from core.search.space import Speed, config_with
from core.training.config import TrainingConfig
from core.workspace import Project

_BEGAN = 1_790_000_000.0  # seconds since the epoch
_NO_MEMORY = Message("The network did not fit into memory at pictures of {side} pixels.", {"side": 384})
_NO_NUMBER = Message("The loss was no number any more: the learning rate was too high.")
_NOT_PROMISING = Message("Worse than half of the other trials at the same epoch.")


def write_search(
    project: Project,
    name: str = "search-20260901-120000-aaaa",
    *,
    state: JobState = JobState.FINISHED,
    trials: Sequence[TrialRecord] = (),
    run: str = "",
    gain: Gain | None = None,
    selection_bias: SelectionBias | None = None,
    importances: dict[str, float] | None = None,
    running: Sequence[RunningTrial] = (),
    **settings: Any,
) -> JobDirectory:
    """Write a search of the project in a given state; ``settings`` are fields of its config."""
    config = search_config(project, **settings)
    job = JobDirectory.create(project.searches / name, JobKind.SEARCH, config.to_json())
    seconds = sum(trial.seconds for trial in trials)
    write_json_lines(job.path / TRIALS_FILE, [trial.to_json() for trial in trials])
    for kept in (one for one in trials if one.has_weights):
        write_json(trial_folder(job.path, kept.number) / RESULT_FILE, {"training": {}})
    progress = SearchProgress(running=tuple(running), seconds=seconds, importances=importances or {})
    write_json(job.path / PROGRESS_FILE, progress.to_json())
    write_json(job.path / "process.json", _process(lives=not state.has_ended))
    status: dict[str, Any] = {"state": state, "seconds": {"searching": seconds}}
    if not state.has_ended:
        status |= {"fraction": 0.4, "seconds_left": 300.0}
    write_json(job.path / "status.json", status)
    if state in {JobState.FINISHED, JobState.STOPPED}:
        summary = _summary(trials, config, seconds, gain, selection_bias)
        write_json(job.path / "result.json", {"search": summary.to_json() if summary else None, "run": run})
    return job


def search_config(project: Project, **settings: Any) -> SearchConfig:
    base = settings.pop("base", None) or TrainingConfig(dataset_version=open_dataset(project).version)
    return SearchConfig(base=base, **({"minutes": 10.0} | settings))


def add_trial(job: JobDirectory, trial: TrialRecord) -> None:
    append_json_line(job.path / TRIALS_FILE, trial.to_json())


def trial(number: int, value: float | None = None, **facts: Any) -> TrialRecord:
    """A complete trial with this value; without a value a failed one, unless ``state`` is given."""
    state = TrialState.COMPLETE if value is not None else TrialState.FAILED
    base = facts.pop("base", TrainingConfig(dataset_version=1))
    params = facts.get("params", {})
    usual = {
        "state": state,
        "speed": Speed.HEAD,
        "params": params,
        "seconds": 2.0,
        "ended": _BEGAN + 2 * number,
    }
    usual |= {"settings": config_with(base, params).to_json()}
    return TrialRecord(number=number, value=value, **(usual | facts))


def many_trials(config: SearchConfig, count: int, *, seed: int = 0) -> list[TrialRecord]:
    """Simulated trials of a search with a smooth optimum; some are pruned, a few fail."""
    generator = np.random.default_rng(seed)
    proposal = _RandomSuggester(generator)
    first = trial(0, _value(config.goal, 0.88), base=config.base, second=_second(config, 0.0))
    return [first, *(_drawn(config, proposal, number, generator) for number in range(1, count))]


class _RandomSuggester:
    """Random suggestions in place of Optuna's."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return choices[int(self._generator.integers(len(choices)))]

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        if log:
            return float(math.exp(self._generator.uniform(math.log(low), math.log(high))))
        return float(self._generator.uniform(low, high))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        return int(self._generator.integers(low, high + 1))


def _drawn(
    config: SearchConfig, proposal: _RandomSuggester, number: int, generator: np.random.Generator
) -> TrialRecord:
    params = config.space.suggest(proposal, config.base)
    quality = (
        0.93 - 0.02 * abs(math.log10(float(params.get("l2", 0.02))) + 2) + float(generator.normal(0, 0.004))
    )
    quality -= 0.15 * float(params.get("label_smoothing", 0.0)) ** 2
    quality -= 0.03 * (params.get("pooling") == "global") + (0.3 if generator.random() < 0.03 else 0.0)
    seconds = float(generator.uniform(0.5, 3.0))
    shared: dict[str, Any] = {"base": config.base, "params": params, "seconds": seconds}
    chance = generator.random()
    if chance < 0.02:
        reason = _NO_MEMORY if chance < 0.01 else _NO_NUMBER
        return trial(number, None, reason=reason, **shared)
    curve = [(epoch, _value(config.goal, quality * (1 - 0.6 / (epoch + 1)))) for epoch in range(1, 13)]
    if chance < 0.25:
        early = {"state": TrialState.PRUNED, "reason": _NOT_PROMISING, "curve": curve[:4]}
        return trial(number, curve[3][1], **shared, **early)
    return trial(
        number, _value(config.goal, quality), **shared, curve=curve, has_weights=number % 50 == 7,
        second=_second(config, float(params.get("hidden_units", 0))),
    )  # fmt: skip


def _value(goal: Goal, quality: float) -> float:
    return 3 * (1 - quality) if goal is Goal.LOSS else quality


def _second(config: SearchConfig, units: float) -> float | None:
    return None if config.tradeoff is Tradeoff.NONE else 14e6 + 5e3 * units


def _summary(
    trials: Sequence[TrialRecord],
    config: SearchConfig,
    seconds: float,
    gain: Gain | None,
    bias: SelectionBias | None,
) -> SearchSummary | None:
    best = best_trial(trials, config.goal)
    if best is None or best.value is None:
        return None
    baseline = next((one for one in trials if one.is_baseline and one.value is not None), None)
    front = () if config.tradeoff is Tradeoff.NONE else pareto_front(trials, config.goal)
    return SearchSummary(
        trials=counts(trials),
        seconds=seconds,
        best=BestTrial(number=best.number, value=best.value, settings=dict(best.settings)),
        baseline=Baseline(number=baseline.number, value=baseline.value or 0.0) if baseline else None,
        pareto_front=tuple(one.number for one in front),
        selection_bias=bias,
        gain=gain,
    )


def _process(*, lives: bool) -> dict[str, Any]:
    """A live process (this one), or an id above every real one."""
    if not lives:
        return {"pid": 2**22 + 1, "started": 0.0}
    process = psutil.Process(os.getpid())
    return {"pid": process.pid, "started": process.create_time()}
