"""What a search is asked to do. Written once to its directory, read by every process that works on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.errors import ConfigError
from core.messages import N_
from core.search.space import SearchSpace, Speed, default_space
from core.training.config import Monitor, TrainingConfig, read_name, require_number

MAX_MINUTES = 7 * 24 * 60.0
MAX_TRIALS = 100_000
MAX_WORKERS = 64
MAX_FOLDS = 20
SMALL_DATASET = 300  # pictures to train on and to validate with: below, one split says too little


class Goal(StrEnum):
    """What the search makes better, on validation pictures."""

    ACCURACY = "accuracy"
    MACRO_F1 = "macro_f1"
    LOSS = "loss"

    @property
    def watch(self) -> Monitor:
        """The measure by which the epochs of a trial are told apart."""
        return Monitor(f"validation_{self.value}")

    @property
    def is_better_low(self) -> bool:
        return self is Goal.LOSS


def goal_of_watch(watch: Monitor) -> Goal:
    """The goal that is measured as an epoch is."""
    return Goal(watch.value.removeprefix("validation_"))


class Tradeoff(StrEnum):
    """What is made small at the same time."""

    NONE = "none"
    SIZE = "size"  # of the classifier, in bytes
    LATENCY = "latency"  # milliseconds for one picture on this machine


class Sampler(StrEnum):
    """Who proposes the next settings."""

    TPE = "tpe"  # what did well before, more of it (Bergstra 2011)
    RANDOM = "random"
    CMA_ES = "cma_es"  # numbers only; names are drawn at random
    GRID = "grid"  # every combination of a few values each


class Pruner(StrEnum):
    """Who ends trials that are not promising."""

    MEDIAN = "median"  # worse than half of the others at the same epoch
    HYPERBAND = "hyperband"  # many short ones, few long ones (Li 2018)
    NONE = "none"


class Scoring(StrEnum):
    """On what a trial is judged."""

    AUTO = "auto"  # the validation pictures; of small datasets, cross-validation
    VALIDATION = "validation"
    CROSS_VALIDATION = "cross_validation"


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """The settings of one search. It ends when the minutes are over or the trials done, whichever is first."""

    base: TrainingConfig  # what is not searched for, and the first trial: the settings to be beaten
    minutes: float = 0.0  # of work; 0: as long as the trials take
    trials: int = 0  # complete, pruned or failed; 0: as many as the minutes allow
    speed: Speed = Speed.HEAD
    goal: Goal = Goal.ACCURACY
    tradeoff: Tradeoff = Tradeoff.NONE
    space: SearchSpace = field(default_factory=SearchSpace)
    sampler: Sampler = Sampler.TPE
    pruner: Pruner = Pruner.MEDIAN
    scoring: Scoring = Scoring.AUTO
    folds: int = 5  # of cross-validation
    workers: int = 1  # processes on this machine
    seed: int = 0
    storage: str = ""  # address of a database that several machines share; "": a file in the search's folder
    start_from: str = ""  # an earlier search of the project, whose best settings are tried first

    def __post_init__(self) -> None:
        if not self.minutes and not self.trials:
            raise ConfigError(N_("The search needs an end: give it minutes, or a number of trials."))
        require_number("minutes", self.minutes, 0.0, MAX_MINUTES)
        require_number("trials", self.trials, 0, MAX_TRIALS)
        require_number("folds", self.folds, 2, MAX_FOLDS)
        require_number("workers", self.workers, 1, MAX_WORKERS)
        require_number("seed", self.seed, 0, 2**31 - 1)
        if not self.space.domains:
            object.__setattr__(self, "space", default_space(self.speed, self.base))
        self.space.require_fits(self.speed, self.base)

    @property
    def searches_networks(self) -> bool:
        return self.speed is Speed.FULL

    def to_json(self) -> dict[str, Any]:
        record = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return record | {"base": self.base.to_json(), "space": self.space.to_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> SearchConfig:
        """Raises ConfigError on a key, or a name, that is not known."""
        if unknown := set(record) - set(cls.__dataclass_fields__):
            raise ConfigError(N_("Unknown search setting: {names}."), names=", ".join(sorted(unknown)))
        values = dict(record)
        values["base"] = TrainingConfig.from_json(values["base"])
        values["space"] = SearchSpace.from_json(values.get("space", {}))
        for name, kind in _NAMES.items():
            if name in values:
                values[name] = read_name(kind, name, values[name])
        return cls(**values)


_NAMES: dict[str, type[StrEnum]] = {
    "speed": Speed,
    "goal": Goal,
    "tradeoff": Tradeoff,
    "sampler": Sampler,
    "pruner": Pruner,
    "scoring": Scoring,
}
