"""Search space: dimensions, their domains and the conditions between them.

A *dimension* is one setting that varies. Some exist only if another dimension has certain
values (hidden units need a hidden layer): the space is conditional, and samplers see only
the dimensions that exist. ``DIMENSIONS`` is the table of all dimensions; a search uses
some of them, each with a domain of its own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any, Protocol

from core.errors import ConfigError
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.augmentation.config import LIMITS
from core.models.augmentation.presets import STRENGTHS
from core.models.backbones import get_backbone
from core.records import JsonObject, Record
from core.training.config import (
    DEFAULT_LEARNING_RATE,
    POOLINGS_OF_0_1_0,
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
    """Scope of a trial's training, and with it the time a trial takes."""

    HEAD = "head"  # a head on the frozen backbone's features: seconds
    FULL = "full"  # networks as well: minutes


@dataclass(frozen=True, kw_only=True)
class Categorical(Record):
    """Domain of a few values."""

    choices: tuple[Value, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.choices

    def points(self, count: int) -> list[Value]:
        """All values, whatever the count."""
        return list(self.choices)


@dataclass(frozen=True, kw_only=True)
class Numbers(Record):
    """Domain of the numbers from ``low`` to ``high``, both included."""

    low: float
    high: float
    log: bool = False  # sampled on a logarithmic scale
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def points(self, count: int) -> list[Value]:
        """At most ``count`` values, evenly spread."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        spread = [low + (high - low) * index / max(1, count - 1) for index in range(count)]
        values = [math.exp(value) if self.log else value for value in spread]
        values[0], values[-1] = self.low, self.high
        return sorted({round(value) for value in values}) if self.whole else list(dict.fromkeys(values))


Domain = Categorical | Numbers


class Suggester(Protocol):
    """Source of values for dimensions; an Optuna trial is one."""

    def suggest_categorical(self, name: str, choices: Any) -> Any: ...
    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """A setting that can vary."""

    domain: Domain  # the default one
    speeds: Collection[Speed] = (Speed.HEAD, Speed.FULL)
    needs: Mapping[str, Collection[Value]] = field(default_factory=dict)  # it exists only with these values
    is_usual: bool = True  # part of the default space


_NETWORKS: Mapping[str, Collection[Value]] = {"recipe": (Recipe.BALANCED.value, Recipe.BEST.value)}
_FROZEN: Mapping[str, Collection[Value]] = {"recipe": (Recipe.QUICK.value,)}
_HIDDEN: Mapping[str, Collection[Value]] = {"hidden_layers": (1, 2, 3, 4)}
_FULL = (Speed.FULL,)
# Possible recipes and picture sizes depend on the backbone, so they are checked together.
_TOGETHER = ("backbone", "recipe", "picture_size")

# In the order of suggestion: a dimension stands after those that it needs.
DIMENSIONS: dict[str, Dimension] = {
    "backbone": Dimension(domain=Categorical(choices=()), is_usual=False),
    "recipe": Dimension(
        domain=Categorical(choices=(Recipe.QUICK.value, Recipe.BALANCED.value)), speeds=_FULL
    ),
    "picture_size": Dimension(domain=Categorical(choices=()), is_usual=False),
    "pooling": Dimension(domain=Categorical(choices=(Pooling.GLOBAL.value, Pooling.GRID.value))),
    "hidden_layers": Dimension(domain=Numbers(low=0, high=1, whole=True)),
    "hidden_units": Dimension(domain=Categorical(choices=(64, 128, 256, 512)), needs=_HIDDEN),
    "dropout_rate": Dimension(domain=Numbers(low=0.0, high=0.6), needs=_HIDDEN),
    "batch_norm": Dimension(domain=Categorical(choices=(False, True)), needs=_HIDDEN, is_usual=False),
    "l2": Dimension(
        domain=Numbers(low=3e-4, high=1.0, log=True), needs={**_FROZEN, "hidden_layers": (0,)}
    ),
    "head_learning_rate": Dimension(
        # Above 2e-3 the accuracy of such a head jumps between epochs, and the best epoch is a lucky one.
        domain=Numbers(low=1e-4, high=2e-3, log=True), needs={**_FROZEN, **_HIDDEN}
    ),
    "head_weight_decay": Dimension(
        domain=Numbers(low=1e-6, high=1e-1, log=True), needs={**_FROZEN, **_HIDDEN}
    ),
    "label_smoothing": Dimension(domain=Numbers(low=0.0, high=0.2)),
    "imbalance": Dimension(domain=Categorical(choices=(Imbalance.NONE.value, Imbalance.CLASS_WEIGHTS.value))),
    "optimizer": Dimension(
        domain=Categorical(choices=(Optimizer.ADAMW.value, Optimizer.SGD.value)),
        speeds=_FULL, needs=_NETWORKS, is_usual=False,
    ),
    "learning_rate": Dimension(
        domain=Numbers(low=1e-5, high=1e-3, log=True), speeds=_FULL, needs=_NETWORKS
    ),
    "weight_decay": Dimension(
        domain=Numbers(low=1e-6, high=1e-1, log=True), speeds=_FULL, needs=_NETWORKS
    ),
    "schedule": Dimension(
        domain=Categorical(choices=(Schedule.COSINE.value, Schedule.CONSTANT.value)), speeds=_FULL, needs=_NETWORKS
    ),
    "batch_size": Dimension(
        domain=Categorical(choices=(16, 32, 64)), speeds=_FULL, needs=_NETWORKS, is_usual=False
    ),
    "unfreeze": Dimension(
        domain=Numbers(low=0.1, high=0.6), speeds=_FULL, needs={"recipe": (Recipe.BALANCED.value,)}
    ),
    # Factor on the strength of the chosen augmentation.
    "augmentation": Dimension(domain=Categorical(choices=(0.0, 0.5, 1.0, 1.5)), is_usual=False),
    # Strength of one augmentation by itself.
    **{
        f"change.{kind}": Dimension(
            domain=Numbers(low=0.0, high=limit / 2), speeds=_FULL, is_usual=False
        )
        for kind, limit in LIMITS.items()
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SearchSpace(Record):
    """Dimensions of one search and their domains.

    In JSON each domain is ``{"choices": […]}`` or ``{"low": …, "high": …}``. A missing
    ``log`` or ``whole`` is that of the table of dimensions.
    """

    domains: Mapping[str, Domain] = field(default_factory=dict)

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Darkroom 0.1.0 wrote the domains without a key of their own."""
        domains = values["domains"] if values.keys() == {"domains"} else values
        return {"domains": {name: _with_scale(name, domain) for name, domain in domains.items()}}

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions, each after those that it needs."""
        return tuple(name for name in DIMENSIONS if name in self.domains)

    def suggest(self, trial: Suggester, base: TrainingConfig) -> dict[str, Value]:
        """Values of all dimensions, each suggested if it exists with the values before it."""
        values = dict(values_of(base))
        chosen: dict[str, Value] = {}
        for name in self.dimensions:
            if exists(name, values):
                chosen[name] = values[name] = _suggest(trial, name, self.domains[name])
        return chosen

    def require_fits(self, speed: Speed, base: TrainingConfig) -> None:
        """Check every domain.

        Raises:
            ConfigError: a dimension is unknown, empty, impossible, or unused at this speed.
        """
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
        self._require_backbones_fit(base)

    def _require_backbones_fit(self, base: TrainingConfig) -> None:
        """Raise ConfigError if a backbone of the space cannot take one of its recipes or picture sizes."""
        if isinstance(self.domains.get("picture_size"), Numbers):
            raise ConfigError(
                N_(
                    "“{name}” cannot be a range: each size computes the features of all pictures anew. "
                    "Give it a few choices."
                ),
                name="picture_size",
            )
        varying = [name for name in _TOGETHER if name in self.domains]
        for values in product(*(self.domains[name].points(3) for name in varying)):
            config_with(base, dict(zip(varying, values, strict=True)))


def default_space(speed: Speed, base: TrainingConfig) -> SearchSpace:
    """The usual dimensions, for a search whose space nobody chose."""
    names = [name for name, one in DIMENSIONS.items() if one.is_usual and speed in one.speeds]
    if get_backbone(base.backbone).members and "recipe" in names:
        names.remove("recipe")  # committees have one
    if speed is Speed.FULL or base.augmentation.is_active:
        names.append("augmentation")
    return SearchSpace(domains={name: DIMENSIONS[name].domain for name in names})


def values_of(config: TrainingConfig) -> dict[str, Value]:
    """The value of every dimension in these settings."""
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
    """Replace settings of the base by these values.

    Raises:
        ConfigError: a value is not possible.
    """
    record = base.to_json()
    for name in ("backbone", "recipe", "picture_size", "imbalance", "batch_size", "unfreeze"):
        if name in values:
            record[name] = values[name]
    if record["recipe"] != base.recipe:  # the defaults of the new recipe
        record["epochs"] = record["patience"] = 0
    for name, path in _WITHIN.items():
        if name in values:
            record[path[0]][path[1]] = values[name]
    record["head"]["hidden_units"] = _hidden_units(base.head, values)
    record["augmentation"] = _augmentation(base.augmentation, values).to_json()
    return TrainingConfig.from_json(record)


# Dimensions that are fields of a nested record.
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
    """The base's augmentation (light, if it has none) times a factor; single augmentations replace it."""
    record = base.to_json()
    if "augmentation" in values:
        factor = float(values["augmentation"])
        chosen = base if base.is_active or base.is_mixing else STRENGTHS["light"].config
        record = {kind: min(limit, factor * getattr(chosen, kind)) for kind, limit in LIMITS.items()}
        record["flip"] = chosen.flip if factor else "none"
    single = {kind: values[f"change.{kind}"] for kind in LIMITS if f"change.{kind}" in values}
    return AugmentationConfig.from_json(record | single)


def canonical_value(name: str, value: Value) -> Value:
    """Return today's code for a value; searches of version 0.1.0 have other codes for poolings."""
    return POOLINGS_OF_0_1_0.get(str(value), value) if name == "pooling" else value


def exists(name: str, values: Mapping[str, Value]) -> bool:
    """True if a dimension exists when the others have these values."""
    return all(values[other] in allowed for other, allowed in DIMENSIONS[name].needs.items())


def _suggest(trial: Suggester, name: str, domain: Domain) -> Value:
    if isinstance(domain, Categorical):
        value: Value = trial.suggest_categorical(name, list(domain.choices))
        return value
    if domain.whole:
        return trial.suggest_int(name, round(domain.low), round(domain.high), log=domain.log)
    return trial.suggest_float(name, domain.low, domain.high, log=domain.log)


def _require_possible(name: str, domain: Domain) -> None:
    if isinstance(domain, Categorical):
        if not domain.choices:
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


def _with_scale(name: str, domain: Any) -> Any:
    """The JSON of a domain; a range without ``log`` or ``whole`` takes those of its dimension."""
    usual = DIMENSIONS[name].domain if name in DIMENSIONS else None
    if isinstance(domain, Mapping) and "choices" not in domain and isinstance(usual, Numbers):
        return {"log": usual.log, "whole": usual.whole, **domain}
    return domain
