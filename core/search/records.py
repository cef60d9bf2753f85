"""Records of a search: its trials, its progress and its summary, readable without Optuna.

``trials.jsonl`` holds one line for each ended trial, in the order of their ends. The
search's own worker is its only writer, whichever process or machine ran the trial.
``live.json`` holds the progress, ``result.json`` the summary.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.files import read_json, read_json_lines
from core.messages import Message
from core.records import JsonObject, Record, read_record, write_record
from core.search.config import Goal
from core.search.space import Speed, Value
from core.training.config import TrainingConfig

TRIALS_FILE, TRIALS_FOLDER = "trials.jsonl", "trials"
PROGRESS_FILE = "live.json"
RESULT_FILE = "training.json"  # in a trial's folder, once it is trained
# What a run is made of, in a trial's folder.
WEIGHTS_FOLDER, WEIGHTS_FILES = "checkpoints", ("metrics.jsonl", RESULT_FILE)
_JOINED_FILE = "study.json"


class TrialState(StrEnum):
    """Final state of a trial."""

    COMPLETE = "complete"
    PRUNED = "pruned"  # ended early: unpromising, or the time was over
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class TrialRecord(Record):
    """One ended trial."""

    number: int  # Optuna's, from 0
    state: TrialState
    speed: Speed  # what it trained
    params: Mapping[str, Value]  # values of the dimensions that existed; empty for the baseline
    settings: Mapping[str, Any]  # the whole ``TrainingConfig``, as JSON
    value: float | None = None  # of the goal on validation; of a pruned trial the last one, if any
    second: float | None = None  # bytes or milliseconds, in a search with a trade-off
    measures: Mapping[str, float] = field(default_factory=dict)  # validation_accuracy, …_macro_f1, …_loss
    curve: tuple[tuple[int, float], ...] = ()  # epoch and the goal's value; thinned
    seconds: float = 0.0
    ended: float = 0.0  # seconds since the epoch
    worker: str = ""  # machine:process
    reason: Message | None = None  # of pruning or failure
    has_weights: bool = False  # its weights are still here, ready to become a run

    @property
    def is_baseline(self) -> bool:
        """True for the trial with the search's base settings."""
        return not self.params

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Settings are compared by their names of today."""
        return values | {"settings": TrainingConfig.upgrade(dict(values["settings"]))}


@dataclass(frozen=True, kw_only=True)
class RunningTrial(Record):
    """A trial at work."""

    number: int
    params: Mapping[str, Value]
    began: float  # seconds since the epoch
    worker: str


@dataclass(frozen=True, kw_only=True)
class SearchProgress(Record):
    """State of a search while it runs, as ``live.json`` holds it."""

    running: tuple[RunningTrial, ...] = ()
    seconds: float = 0.0  # of work so far, over all attempts
    stage: Speed = Speed.HEAD  # full searches begin with heads
    workers: int = 1  # processes at work
    importances: Mapping[str, float] = field(default_factory=dict)  # of each dimension; their sum is 1

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Darkroom 0.1.0 called the running trials ``going``."""
        return _renamed(values, {"going": "running"})


@dataclass(frozen=True, kw_only=True)
class SelectionBias(Record):
    """Selection bias of the best trial's validation score; scores are in the goal's own unit."""

    validation: float  # the score by which the trial was selected
    expected: float  # estimate for new pictures
    bias: float  # by how much validation is better than expected; above 0: too optimistic
    low: float  # 95% confidence interval of the score on new pictures
    high: float
    pictures: int

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Darkroom 0.1.0 called the bias ``optimism``."""
        return _renamed(values, {"optimism": "bias"})


@dataclass(frozen=True, kw_only=True)
class Gain(Record):
    """Improvement of the best trial over the baseline; above 0 is better, for a loss as well."""

    gain: float  # estimate for new pictures, in the goal's own unit
    low: float  # 95% confidence interval
    high: float
    is_real: bool  # the whole interval is above 0; otherwise it may be chance
    pictures: int


@dataclass(frozen=True, kw_only=True)
class BestTrial(Record):
    """The trial that a search selected."""

    number: int
    value: float
    settings: Mapping[str, Any]  # the whole ``TrainingConfig``, as JSON

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Settings have their names of today, as in ``TrialRecord``."""
        return values | {"settings": TrainingConfig.upgrade(dict(values["settings"]))}


@dataclass(frozen=True, kw_only=True)
class Baseline(Record):
    """The trial with the settings that a search started from."""

    number: int
    value: float


@dataclass(frozen=True, kw_only=True)
class SearchSummary(Record):
    """Result of a search, as ``result.json`` holds it."""

    trials: Mapping[str, int]  # number of trials by state
    seconds: float
    best: BestTrial
    reason: Message | None = None  # for selecting it, in a search with a trade-off
    baseline: Baseline | None = None  # None: it failed
    pareto_front: tuple[int, ...] = ()  # numbers of trials
    selection_bias: SelectionBias | None = None  # None: too few pictures
    gain: Gain | None = None  # None: no baseline, or too few pictures
    weights_elsewhere: Message | None = None  # location of the best weights, if they are not here

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Darkroom 0.1.0 named four of the keys otherwise."""
        return _renamed(
            values,
            {
                "default": "baseline",
                "pareto": "pareto_front",
                "optimism": "selection_bias",
                "elsewhere": "weights_elsewhere",
            },
        )


@dataclass(frozen=True, kw_only=True)
class JoinedStudy(Record):
    """Study of another machine's search, which this machine works for."""

    name: str  # project/search
    dataset_version: int  # under which this machine has the search's pictures


def read_trials(directory: Path) -> list[TrialRecord]:
    """The ended trials, in the order of their ends."""
    with_weights = {file.parent.name for file in (directory / TRIALS_FOLDER).glob(f"*/{RESULT_FILE}")}
    return [
        TrialRecord.from_json({**line, "has_weights": f"{line['number']:05d}" in with_weights})
        for line in read_json_lines(directory / TRIALS_FILE)
    ]


def trial_folder(directory: Path, number: int) -> Path:
    """The folder in which a trial trains and leaves its weights."""
    return directory / TRIALS_FOLDER / f"{number:05d}"


def join_study(directory: Path, study: JoinedStudy) -> None:
    """Mark a search directory as this machine's copy of another machine's search."""
    write_record(directory / _JOINED_FILE, study)


def joined_study(directory: Path) -> JoinedStudy | None:
    """The study that :func:`join_study` noted; None for a search of this machine's own."""
    file = directory / _JOINED_FILE
    return read_record(file, JoinedStudy) if file.exists() else None


def read_search_progress(directory: Path) -> SearchProgress:
    """Read ``live.json``; before it is written, the progress of a search that has not begun."""
    file = directory / PROGRESS_FILE
    return SearchProgress.from_json(read_json(file)) if file.exists() else SearchProgress()


def best_so_far(trials: Sequence[TrialRecord], goal: Goal) -> list[float | None]:
    """After each trial the best value of all complete ones up to it; None before the first."""
    best: float | None = None
    values: list[float | None] = []
    for trial in trials:
        if trial.state is TrialState.COMPLETE and trial.value is not None:
            value = trial.value
            best = value if best is None else (min if goal.is_better_low else max)(best, value)
        values.append(best)
    return values


def best_trial(trials: Sequence[TrialRecord], goal: Goal) -> TrialRecord | None:
    """The first of :func:`ranked`, or None."""
    return next(iter(ranked(trials, goal)), None)


def ranked(trials: Sequence[TrialRecord], goal: Goal) -> list[TrialRecord]:
    """Complete trials, the best first; ties are broken by lower loss, then by number."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    return sorted(complete, key=lambda trial: rank(trial.number, trial.value, trial.measures, goal))


def rank(
    number: int, value: float | None, measures: Mapping[str, float], goal: Goal
) -> tuple[float, float, int]:
    """Sort key of a complete trial: lower is better."""
    return -_merit(value, goal), measures.get("validation_loss", math.inf), number


def pareto_front(trials: Sequence[TrialRecord], goal: Goal) -> list[TrialRecord]:
    """The complete trials that no other beats in both objectives, the smallest first."""
    sized = [(trial.second, trial) for trial in trials if trial.second is not None]
    front: list[TrialRecord] = []
    for _, trial in sorted(sized, key=lambda pair: (pair[0], -_merit(pair[1].value, goal))):
        if trial.state is TrialState.COMPLETE and (
            not front or _merit(trial.value, goal) > _merit(front[-1].value, goal)
        ):
            front.append(trial)
    return front


def counts(trials: Sequence[TrialRecord]) -> dict[str, int]:
    """Number of trials in each state."""
    return {state.value: sum(trial.state is state for trial in trials) for state in TrialState}


def _merit(value: float | None, goal: Goal) -> float:
    """The value with its sign such that higher is better; None is the lowest."""
    if value is None:
        return -math.inf
    return -value if goal.is_better_low else value


def _renamed(values: JsonObject, names: Mapping[str, str]) -> JsonObject:
    """The same values with old keys replaced by new ones."""
    return {names.get(name, name): value for name, value in values.items()}
