"""The space of a search: what may vary, over which values, and what each choice asks next.

A *dimension* is one thing that varies. Some exist only where another has certain
values (units of a hidden layer, where there is one): such a space is conditional, and
samplers are told so. Which dimensions there are is a table; a search takes some of
them, each with its own domain.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any, Protocol

from core.errors import ConfigError
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.augmentation.config import LIMITS
from core.models.augmentation.presets import STRENGTHS
from core.training.config import (
    DEFAULT_LEARNING_RATE,
    HeadConfig,
    Imbalance,
    Optimizer,
    Pooling,
    Recipe,
    Schedule,
    TrainingConfig,
)

Value = str | float | int | bool


class Speed(StrEnum):
    """How much a trial trains."""

    HEAD = "head"  # a head on the frozen backbone's features: seconds
    FULL = "full"  # networks, too: minutes


@dataclass(frozen=True, kw_only=True)
class Choices:
    """One of these values."""

    values: tuple[Value, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def to_json(self) -> dict[str, Any]:
        return {"choices": list(self.values)}

    def points(self, count: int) -> list[Value]:
        return list(self.values)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A number from ``low`` to ``high``, both possible."""

    low: float
    high: float
    log: bool = False  # a factor counts, not a difference
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def to_json(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}

    def points(self, count: int) -> list[Value]:
        """At most so many values, evenly spread."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        spread = [low + (high - low) * place / max(1, count - 1) for place in range(count)]
        values = [math.exp(value) if self.log else value for value in spread]
        values[0], values[-1] = self.low, self.high
        return sorted({round(value) for value in values}) if self.whole else list(dict.fromkeys(values))


Domain = Choices | Numbers


class Suggesting(Protocol):
    """What is asked for values: an Optuna trial."""

    def suggest_categorical(self, name: str, choices: Any) -> Any: ...
    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """Something that can vary."""

    domain: Domain  # where nobody chose another
    speeds: Collection[Speed] = (Speed.HEAD, Speed.FULL)
    needs: Mapping[str, Collection[Value]] = field(default_factory=dict)  # it exists only with these values
    is_usual: bool = True  # part of the space where nobody chose one


_NETWORKS: Mapping[str, Collection[Value]] = {"recipe": (Recipe.BALANCED.value, Recipe.BEST.value)}
_FROZEN: Mapping[str, Collection[Value]] = {"recipe": (Recipe.QUICK.value,)}
_HIDDEN: Mapping[str, Collection[Value]] = {"hidden_layers": (1, 2, 3, 4)}
_FULL = (Speed.FULL,)
_TOGETHER = ("backbone", "picture_size")  # which values are possible depends on the other's

# In the order in which values are asked for: what others depend on comes first.
DIMENSIONS: dict[str, Dimension] = {
    "backbone": Dimension(domain=Choices(values=()), is_usual=False),
    "recipe": Dimension(
        domain=Choices(values=(Recipe.QUICK.value, Recipe.BALANCED.value)), speeds=_FULL
    ),
    "picture_size": Dimension(domain=Choices(values=()), is_usual=False),
    "pooling": Dimension(domain=Choices(values=(Pooling.GLOBAL.value, Pooling.GRID.value))),
    "hidden_layers": Dimension(domain=Numbers(low=0, high=1, whole=True)),
    "hidden_units": Dimension(domain=Choices(values=(64, 128, 256, 512)), needs=_HIDDEN),
    "dropout_rate": Dimension(domain=Numbers(low=0.0, high=0.6), needs=_HIDDEN),
    "batch_norm": Dimension(domain=Choices(values=(False, True)), needs=_HIDDEN, is_usual=False),
    "l2": Dimension(
        domain=Numbers(low=3e-4, high=1.0, log=True), needs={**_FROZEN, "hidden_layers": (0,)}
    ),
    "head_learning_rate": Dimension(
        # Above, such a head's accuracy jumps by points from epoch to epoch, and the best epoch is a lucky one.
        domain=Numbers(low=1e-4, high=2e-3, log=True), needs={**_FROZEN, **_HIDDEN}
    ),
    "head_weight_decay": Dimension(
        domain=Numbers(low=1e-6, high=1e-1, log=True), needs={**_FROZEN, **_HIDDEN}
    ),
    "label_smoothing": Dimension(domain=Numbers(low=0.0, high=0.2)),
    "imbalance": Dimension(domain=Choices(values=(Imbalance.NONE.value, Imbalance.CLASS_WEIGHTS.value))),
    "optimizer": Dimension(
        domain=Choices(values=(Optimizer.ADAMW.value, Optimizer.SGD.value)),
        speeds=_FULL, needs=_NETWORKS, is_usual=False,
    ),
    "learning_rate": Dimension(
        domain=Numbers(low=1e-5, high=1e-3, log=True), speeds=_FULL, needs=_NETWORKS
    ),
    "weight_decay": Dimension(
        domain=Numbers(low=1e-6, high=1e-1, log=True), speeds=_FULL, needs=_NETWORKS
    ),
    "schedule": Dimension(
        domain=Choices(values=(Schedule.COSINE.value, Schedule.CONSTANT.value)), speeds=_FULL, needs=_NETWORKS
    ),
    "batch_size": Dimension(
        domain=Choices(values=(16, 32, 64)), speeds=_FULL, needs=_NETWORKS, is_usual=False
    ),
    "unfreeze": Dimension(
        domain=Numbers(low=0.1, high=0.6), speeds=_FULL, needs={"recipe": (Recipe.BALANCED.value,)}
    ),
    # How strong the changes of pictures are, against those that were chosen.
    "augmentation": Dimension(domain=Choices(values=(0.0, 0.5, 1.0, 1.5)), is_usual=False),
    # One kind of change by itself, whatever the others do.
    **{
        f"change.{kind}": Dimension(
            domain=Numbers(low=0.0, high=limit / 2), speeds=_FULL, is_usual=False
        )
        for kind, limit in LIMITS.items()
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """The dimensions of one search."""

    domains: Mapping[str, Domain] = field(default_factory=dict)

    def suggest(self, trial: Suggesting, base: TrainingConfig) -> dict[str, Value]:
        """Ask for a value of every dimension that exists with the values before it."""
        values = dict(values_of(base))
        chosen: dict[str, Value] = {}
        for name in self._in_order():
            if exists(name, values):
                chosen[name] = values[name] = _ask(trial, name, self.domains[name])
        return chosen

    def grid(self, points: int) -> dict[str, list[Value]]:
        """A few values of each dimension, for a search of all combinations."""
        return {name: self.domains[name].points(points) for name in self._in_order()}

    def require_fits(self, speed: Speed, base: TrainingConfig) -> None:
        """Raises ConfigError where a dimension is unknown, empty, impossible, or of no use at this speed."""
        for name, domain in self.domains.items():
            known = [other for other, dimension in DIMENSIONS.items() if speed in dimension.speeds]
            if name not in known:
                raise ConfigError(
                    N_("“{name}” cannot be searched for here. Choose from: {known}."),
                    name=name,
                    known=", ".join(known),
                )
            _require_possible(name, domain)
            if name not in _TOGETHER:
                for value in domain.points(3):
                    config_with(base, {name: value})
        self._require_sizes_fit(base)

    def _require_sizes_fit(self, base: TrainingConfig) -> None:
        """Raises ConfigError where a backbone of the space cannot take one of its picture sizes."""
        if isinstance(self.domains.get("picture_size"), Numbers):
            raise ConfigError(
                N_(
                    "“{name}” cannot be any number between two: every size needs a look at all pictures. "
                    "Give it a few choices."
                ),
                name="picture_size",
            )
        varying = [name for name in _TOGETHER if name in self.domains]
        for values in product(*(self.domains[name].points(3) for name in varying)):
            config_with(base, dict(zip(varying, values, strict=True)))

    def to_json(self) -> dict[str, Any]:
        return {name: domain.to_json() for name, domain in self.domains.items()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> SearchSpace:
        """Of each dimension its domain: ``{"choices": […]}`` or ``{"low": …, "high": …}``.

        Raises:
            ConfigError: a domain is of neither form.
        """
        return cls(domains={name: _domain(name, value) for name, value in record.items()})

    def _in_order(self) -> Iterator[str]:
        return (name for name in DIMENSIONS if name in self.domains)


def default_space(speed: Speed, base: TrainingConfig) -> SearchSpace:
    """What is worth searching where nobody chose."""
    names = [name for name, one in DIMENSIONS.items() if one.is_usual and speed in one.speeds]
    if speed is Speed.FULL or base.augmentation.is_active:
        names.append("augmentation")
    return SearchSpace(domains={name: DIMENSIONS[name].domain for name in names})


def values_of(config: TrainingConfig) -> dict[str, Value]:
    """Where these settings stand in each dimension."""
    head, optimizer = config.head, config.optimizer
    return {
        "backbone": config.backbone,
        "recipe": config.recipe.value,
        "picture_size": config.picture_size,
        "pooling": head.pooling.value,
        "hidden_layers": len(head.hidden_units),
        "hidden_units": head.hidden_units[0] if head.hidden_units else 128,
        "dropout_rate": head.dropout_rate,
        "batch_norm": head.batch_norm,
        "l2": head.l2,
        "head_learning_rate": optimizer.learning_rate or DEFAULT_LEARNING_RATE[Recipe.QUICK],
        "head_weight_decay": optimizer.weight_decay,
        "label_smoothing": config.loss.label_smoothing,
        "imbalance": config.imbalance.value,
        "optimizer": optimizer.kind.value,
        "learning_rate": config.learning_rate,
        "weight_decay": optimizer.weight_decay,
        "schedule": optimizer.schedule.value,
        "batch_size": config.batch_size,
        "unfreeze": config.unfreeze,
        "augmentation": 1.0,
        **{f"change.{kind}": getattr(config.augmentation, kind) for kind in LIMITS},
    }


def config_with(base: TrainingConfig, values: Mapping[str, Value]) -> TrainingConfig:
    """The base with these values in place of its own.

    Raises:
        ConfigError: a value is not possible.
    """
    record = base.to_json()
    for name in ("backbone", "recipe", "picture_size", "imbalance", "batch_size", "unfreeze"):
        if name in values:
            record[name] = values[name]
    if record["recipe"] != base.recipe:  # its own length and patience, not the base's
        record["epochs"] = record["patience"] = 0
    for name, path in _WITHIN.items():
        if name in values:
            record[path[0]][path[1]] = values[name]
    record["head"]["hidden_units"] = _hidden_units(base.head, values)
    record["augmentation"] = _augmentation(base.augmentation, values).to_json()
    return TrainingConfig.from_json(record)


# Dimensions that are settings within settings.
_WITHIN = {
    "pooling": ("head", "pooling"),
    "dropout_rate": ("head", "dropout_rate"),
    "batch_norm": ("head", "batch_norm"),
    "l2": ("head", "l2"),
    "head_learning_rate": ("optimizer", "learning_rate"),
    "head_weight_decay": ("optimizer", "weight_decay"),
    "label_smoothing": ("loss", "label_smoothing"),
    "optimizer": ("optimizer", "kind"),
    "learning_rate": ("optimizer", "learning_rate"),
    "weight_decay": ("optimizer", "weight_decay"),
    "schedule": ("optimizer", "schedule"),
}


def _hidden_units(base: HeadConfig, values: Mapping[str, Value]) -> list[int]:
    layers = int(values.get("hidden_layers", len(base.hidden_units)))
    if "hidden_units" in values:
        return [int(values["hidden_units"])] * layers
    return [*base.hidden_units, *[base.hidden_units[-1] if base.hidden_units else 128] * layers][:layers]


def _augmentation(base: AugmentationConfig, values: Mapping[str, Value]) -> AugmentationConfig:
    """The changes that were chosen, or light ones where none were, at another strength; then single kinds."""
    record = base.to_json()
    if "augmentation" in values:
        factor = float(values["augmentation"])
        chosen = base if base.is_active or base.is_mixing else STRENGTHS["light"].config
        record = {kind: min(limit, factor * getattr(chosen, kind)) for kind, limit in LIMITS.items()}
        record["flip"] = chosen.flip if factor else "none"
    single = {kind: values[f"change.{kind}"] for kind in LIMITS if f"change.{kind}" in values}
    return AugmentationConfig.from_json(record | single)


def exists(name: str, values: Mapping[str, Value]) -> bool:
    """Whether a dimension exists where the others have these values."""
    return all(values[other] in allowed for other, allowed in DIMENSIONS[name].needs.items())


def _ask(trial: Suggesting, name: str, domain: Domain) -> Value:
    if isinstance(domain, Choices):
        value: Value = trial.suggest_categorical(name, list(domain.values))
        return value
    if domain.whole:
        return trial.suggest_int(name, round(domain.low), round(domain.high), log=domain.log)
    return trial.suggest_float(name, domain.low, domain.high, log=domain.log)


def _require_possible(name: str, domain: Domain) -> None:
    if isinstance(domain, Choices):
        if not domain.values:
            raise ConfigError(N_("“{name}” has no values to choose from. Give it some."), name=name)
        return
    ends = (domain.low, domain.high)
    are_numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
    if not are_numbers or domain.low > domain.high or (domain.log and domain.low <= 0):
        raise ConfigError(
            N_("“{name}” cannot go from {low} to {high}."),
            name=name,
            low=repr(domain.low),
            high=repr(domain.high),
        )


def _domain(name: str, record: Any) -> Domain:
    try:
        if "choices" in record:
            return Choices(values=tuple(record["choices"]))
        known = DIMENSIONS[name].domain if name in DIMENSIONS else None
        usual = known.to_json() if isinstance(known, Numbers) else {"log": False, "whole": False}
        return Numbers(**{**usual, **record})
    except TypeError as error:
        raise ConfigError(
            N_("“{name}” cannot be {value}. Give it choices, or low and high."), name=name, value=repr(record)
        ) from error
