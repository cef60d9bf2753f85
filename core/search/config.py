"""Search settings: written once to the search's directory, read by every process of the search."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import ConfigError
from core.messages import N_
from core.records import Record
from core.search.space import SearchSpace, Speed, config_with, default_space
from core.training.config import Monitor, TrainingConfig, require_number

MAX_MINUTES = 7 * 24 * 60.0
MAX_TRIALS = 100_000
MAX_WORKERS = 64
MAX_FOLDS = 20
# Training and validation pictures together. Below, a single split is too noisy a measure.
SMALL_DATASET = 300
# Dimensions of a climb.
LADDER_DIMENSIONS = {"backbone", "recipe", "augmentation"}


class Goal(StrEnum):
    """Metric on validation pictures that a search optimises."""

    ACCURACY = "accuracy"
    MACRO_F1 = "macro_f1"
    LOSS = "loss"
    LEADING = "leading"  # the metric that matters in the project

    @property
    def monitor(self) -> Monitor:
        """The same metric as training monitors it at each epoch."""
        return _MONITOR[self]

    @property
    def is_better_low(self) -> bool:
        """True if a lower value is better."""
        return self is Goal.LOSS

    @classmethod
    def of_monitor(cls, monitor: Monitor) -> Goal:
        """The goal with the metric that training monitors."""
        return next(goal for goal, monitored in _MONITOR.items() if monitored is monitor)


_MONITOR = {
    Goal.ACCURACY: Monitor.ACCURACY,
    Goal.MACRO_F1: Monitor.MACRO_F1,
    Goal.LOSS: Monitor.LOSS,
    Goal.LEADING: Monitor.LEADING,
}


class Tradeoff(StrEnum):
    """Second objective, minimised together with the goal."""

    NONE = "none"
    SIZE = "size"  # of the classifier, in bytes
    LATENCY = "latency"  # milliseconds for one picture on this machine


class Sampler(StrEnum):
    """Algorithm that proposes the settings of the next trial."""

    TPE = "tpe"  # tree-structured Parzen estimator (Bergstra 2011)
    RANDOM = "random"
    CMA_ES = "cma_es"  # for numeric dimensions; categorical ones are sampled at random
    GRID = "grid"  # every combination of a few values of each dimension
    LADDER = "ladder"  # a few settings, in the order of what a point of accuracy is expected to cost


class Pruner(StrEnum):
    """Rule that ends unpromising trials early."""

    MEDIAN = "median"  # worse than the median of the other trials at the same epoch
    HYPERBAND = "hyperband"  # many short trials, few long ones (Li 2018)
    NONE = "none"


class Scoring(StrEnum):
    """Pictures on which trials are scored."""

    AUTO = "auto"  # the validation pictures; cross-validation for small datasets
    VALIDATION = "validation"
    CROSS_VALIDATION = "cross_validation"


@dataclass(frozen=True, kw_only=True)
class SearchConfig(Record):
    """Settings of one search, which ends when its minutes or its trials are used up.

    ``base`` holds every setting that is not searched for. It is also the first trial, the baseline.
    """

    base: TrainingConfig
    minutes: float = 0.0  # of work; 0: no limit
    trials: int = 0  # complete, pruned or failed; 0: no limit
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
    storage: str = ""  # address of a database that machines share; "": a file in the search's directory
    start_from: str = ""  # an earlier search of the project, whose best settings are tried first

    def __post_init__(self) -> None:
        if not self.minutes and not self.trials:
            raise ConfigError(N_("The search needs a limit: set minutes or a number of trials."))
        require_number("minutes", self.minutes, 0.0, MAX_MINUTES)
        require_number("trials", self.trials, 0, MAX_TRIALS)
        require_number("folds", self.folds, 2, MAX_FOLDS)
        require_number("workers", self.workers, 1, MAX_WORKERS)
        require_number("seed", self.seed, 0, 2**31 - 1)
        if not self.space.domains:
            object.__setattr__(self, "space", default_space(self.speed, self.base))
        if self.sampler is Sampler.LADDER:
            self._require_can_climb()
        else:
            self.space.require_fits(self.speed, self.base)

    def _require_can_climb(self) -> None:
        """
        Raises:
            ConfigError: a ladder has no limit of time, several processes or objectives, or other dimensions.
        """
        if not self.minutes or self.workers > 1 or self.storage or self.tradeoff is not Tradeoff.NONE:
            raise ConfigError(
                N_(
                    "A climb has a limit of minutes, one process, one objective and no database. Leave the others out."
                )
            )
        if set(self.space.domains) != LADDER_DIMENSIONS:
            raise ConfigError(
                N_("A climb varies {known} and nothing else, not {names}."),
                known=", ".join(sorted(LADDER_DIMENSIONS)),
                names=", ".join(self.space.domains),
            )
        # Not each with each recipe: rungs are whole settings, and committees have one recipe.
        for key in self.space.domains["backbone"].points(0):
            config_with(self.base, {"backbone": key})

    @property
    def searches_networks(self) -> bool:
        """True if trials train networks as well as heads."""
        return self.speed is Speed.FULL
