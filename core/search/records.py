"""What is known of a search's trials, for people: read from its directory without Optuna.

``trials.jsonl`` holds a line for each trial that has ended, in the order in which
they ended; the search's own worker is its one writer, whichever process, or machine,
worked on the trial. ``live.json`` tells what is going on now.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.files import read_json, read_json_lines, write_json
from core.messages import Message
from core.search.config import Goal

TRIALS_FILE, TRIALS_FOLDER = "trials.jsonl", "trials"
RESULT_FILE = "training.json"  # in a trial's folder, once it is trained
WEIGHTS_FOLDER, WEIGHTS_FILES = "checkpoints", ("metrics.jsonl", RESULT_FILE)  # there: what a run is made of
_JOINED_FILE = "study.json"


class TrialState(StrEnum):
    """How a trial ended."""

    COMPLETE = "complete"
    PRUNED = "pruned"  # given up early: it was not promising, or the time was over
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One trial that has ended."""

    number: int  # Optuna's, from 0
    state: TrialState
    speed: str  # a ``Speed``: what was trained
    params: Mapping[str, Any]  # of the dimensions that existed for it; empty for the settings to be beaten
    settings: Mapping[str, Any]  # the whole ``TrainingConfig``, as JSON
    value: float | None = None  # of the goal, on validation; of a pruned one its last, if it had any
    second: float | None = None  # bytes, or milliseconds, where a trade-off is searched for
    measures: Mapping[str, float] = field(default_factory=dict)  # validation_accuracy, …_macro_f1, …_loss
    curve: Sequence[tuple[int, float]] = ()  # epoch and the goal's value there; thinned
    seconds: float = 0.0
    ended: float = 0.0  # seconds since the epoch
    worker: str = ""  # machine:process
    reason: Message | None = None  # why it was given up, or failed
    has_weights: bool = False  # its weights are kept, and can become a run as they are

    @property
    def is_default(self) -> bool:
        """Whether these are the settings that the search is to beat."""
        return not self.params

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"reason": self.reason.to_json() if self.reason else None}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TrialRecord:
        reason = record.get("reason")
        values = {
            **record,
            "state": TrialState(record["state"]),
            "curve": tuple((int(step), float(value)) for step, value in record.get("curve", ())),
            "reason": Message.from_json(reason) if reason else None,
        }
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class Going:
    """A trial at work."""

    number: int
    params: Mapping[str, Any]
    began: float  # seconds since the epoch
    worker: str


@dataclass(frozen=True, kw_only=True)
class SearchNow:
    """What a search says of itself while it works."""

    going: tuple[Going, ...] = ()
    seconds: float = 0.0  # of work so far, over all attempts
    stage: str = "head"  # a ``Speed``: full searches begin with heads
    workers: int = 1  # processes at work
    importances: Mapping[str, float] = field(default_factory=dict)  # of each dimension, together 1


def read_trials(directory: Path) -> list[TrialRecord]:
    """The trials that have ended, in the order in which they did."""
    kept = {file.parent.name for file in (directory / TRIALS_FOLDER).glob(f"*/{RESULT_FILE}")}
    return [
        TrialRecord.from_json({**line, "has_weights": f"{line['number']:05d}" in kept})
        for line in read_json_lines(directory / TRIALS_FILE)
    ]


def trial_folder(directory: Path, number: int) -> Path:
    """Where a trial trains, and where its weights stay."""
    return directory / TRIALS_FOLDER / f"{number:05d}"


def join_study(directory: Path, name: str, dataset_version: int) -> None:
    """Note that a search of another machine is helped with from this directory.

    Args:
        dataset_version: under which this machine has the search's pictures.
    """
    write_json(directory / _JOINED_FILE, {"name": name, "dataset_version": dataset_version})


def joined_study(directory: Path) -> dict[str, Any] | None:
    """What :func:`join_study` noted; None for a search of this machine's own."""
    file = directory / _JOINED_FILE
    return dict(read_json(file)) if file.exists() else None


def read_now(directory: Path) -> SearchNow:
    file = directory / "live.json"
    if not file.exists():
        return SearchNow()
    record = read_json(file)
    return SearchNow(**{**record, "going": tuple(Going(**one) for one in record["going"])})


def best_so_far(trials: Sequence[TrialRecord], goal: Goal) -> list[float | None]:
    """After each trial the best value of all complete ones up to it; None before the first."""
    best: float | None = None
    found: list[float | None] = []
    for trial in trials:
        if trial.state is TrialState.COMPLETE and trial.value is not None:
            value = trial.value
            best = value if best is None else (min if goal.is_better_low else max)(best, value)
        found.append(best)
    return found


def best_trial(trials: Sequence[TrialRecord], goal: Goal) -> TrialRecord | None:
    """The first of :func:`ranked`, or None."""
    return next(iter(ranked(trials, goal)), None)


def ranked(trials: Sequence[TrialRecord], goal: Goal) -> list[TrialRecord]:
    """Complete trials, the best first; of equals the one with the lower loss, then the earlier."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    return sorted(complete, key=lambda trial: rank(trial.number, trial.value, trial.measures, goal))


def rank(
    number: int, value: float | None, measures: Mapping[str, float], goal: Goal
) -> tuple[float, float, int]:
    """A complete trial's place among others: the lower, the better."""
    return -_merit(value, goal), measures.get("validation_loss", math.inf), number


def pareto_front(trials: Sequence[TrialRecord], goal: Goal) -> list[TrialRecord]:
    """The complete trials that none beats in both the goal and what is made small, the smallest first."""
    sized = [(trial.second, trial) for trial in trials if trial.second is not None]
    front: list[TrialRecord] = []
    for _, trial in sorted(sized, key=lambda pair: (pair[0], -_merit(pair[1].value, goal))):
        if trial.state is TrialState.COMPLETE and (
            not front or _merit(trial.value, goal) > _merit(front[-1].value, goal)
        ):
            front.append(trial)
    return front


def counts(trials: Sequence[TrialRecord]) -> dict[str, int]:
    return {state.value: sum(trial.state is state for trial in trials) for state in TrialState}


def _merit(value: float | None, goal: Goal) -> float:
    """The value, such that more is better; None is the least."""
    if value is None:
        return -math.inf
    return -value if goal.is_better_low else value
