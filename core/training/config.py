"""What a run is asked to do. Written once to its directory, read by every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self, TypeVar, get_origin, get_type_hints

from core.errors import ConfigError
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.augmentation.presets import STRENGTHS
from core.models.backbones import DEFAULT_BACKBONE, Backbone, WeightsSource, at_size, get_backbone


class Recipe(StrEnum):
    """How a classifier is trained."""

    QUICK = "quick"  # frozen pretrained backbone, a head on its features
    BALANCED = "balanced"  # that head first, then the backbone's last blocks with it
    BEST = "best"  # the head, the last blocks, then all blocks; averaged weights
    SCRATCH = "scratch"  # every weight from random

    @property
    def trains_backbone(self) -> bool:
        """Whether the run ends with a network of its own, not the backbone as it came."""
        return self is not Recipe.QUICK


class Pooling(StrEnum):
    """How a feature map becomes one row of features."""

    AUTO = "auto"  # the mean, and the means of the four quarters; validation decides
    MEAN = "mean"
    QUARTERS = "quarters"  # where something is stays known
    MAX = "max"


class Loss(StrEnum):
    """What training makes small."""

    CROSS_ENTROPY = "cross_entropy"
    FOCAL = "focal"  # pictures that are right already count less (Lin 2017, arXiv 1708.02002)


class Optimizer(StrEnum):
    """How weights follow their gradients."""

    ADAMW = "adamw"
    ADAM = "adam"
    SGD = "sgd"  # with momentum
    RMSPROP = "rmsprop"


class Schedule(StrEnum):
    """How the learning rate goes."""

    COSINE = "cosine"  # up in a warm-up, then down to nothing along a cosine
    CONSTANT = "constant"
    PLATEAU = "plateau"  # lower whenever validation stops getting better


class Imbalance(StrEnum):
    """What is done about classes of unequal size."""

    NONE = "none"
    CLASS_WEIGHTS = "class_weights"  # a picture of a small class counts more
    BALANCED_SAMPLING = "balanced_sampling"  # and is shown more often


class Watch(StrEnum):
    """The measure on validation by which the best epoch is told."""

    LOSS = "validation_loss"
    ACCURACY = "validation_accuracy"
    MACRO_F1 = "validation_macro_f1"

    @property
    def is_better_low(self) -> bool:
        return self is Watch.LOSS


Name = TypeVar("Name", bound=StrEnum)
DEFAULT_EPOCHS = {Recipe.QUICK: 200, Recipe.BALANCED: 12, Recipe.BEST: 30, Recipe.SCRATCH: 40}
DEFAULT_PATIENCE = {Recipe.QUICK: 8, Recipe.BALANCED: 5, Recipe.BEST: 8, Recipe.SCRATCH: 10}
DEFAULT_LEARNING_RATE = {Recipe.QUICK: 1e-3, Recipe.BALANCED: 1e-4, Recipe.BEST: 1e-4, Recipe.SCRATCH: 1e-3}
MAX_EPOCHS = 10_000
MIN_PICTURE_SIZE, MAX_PICTURE_SIZE = 32, 1024
MAX_VIEWS = 20
MAX_HIDDEN_UNITS = 4096
MAX_HIDDEN_LAYERS = 4


class _Settings:
    """What all records of settings share: checked numbers, and the way to and from JSON."""

    def to_json(self) -> dict[str, Any]:
        return {item.name: _plain_value(getattr(self, item.name)) for item in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Raises ConfigError on a key, or a name, that is not known."""
        hints = get_type_hints(cls)
        known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
        if unknown := set(record) - known:
            raise ConfigError(N_("Unknown training setting: {names}."), names=", ".join(sorted(unknown)))
        return cls(**{name: _read(hints[name], name, value) for name, value in record.items()})


@dataclass(frozen=True, kw_only=True)
class HeadConfig(_Settings):
    """The trainable layers on top of the backbone."""

    pooling: Pooling = Pooling.AUTO
    hidden_units: tuple[int, ...] = ()  # of each hidden layer; none: a linear classifier
    dropout_rate: float = 0.2  # fraction of each hidden layer's input dropped while training
    l2: float = 0.0  # penalty on the weights; 0: as strong as validation asks for, where the head is linear
    batch_norm: bool = False  # in the hidden layers

    def __post_init__(self) -> None:
        require_number("hidden layers", len(self.hidden_units), 0, MAX_HIDDEN_LAYERS)
        for units in self.hidden_units:
            require_number("hidden_units", units, 1, MAX_HIDDEN_UNITS)
        require_number("dropout_rate", self.dropout_rate, 0.0, 0.9)
        require_number("l2", self.l2, 0.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class LossConfig(_Settings):
    """What training makes small."""

    kind: Loss = Loss.CROSS_ENTROPY
    label_smoothing: float = 0.0  # share of the truth given to the other classes
    focal_gamma: float = 2.0  # how much less right pictures count

    def __post_init__(self) -> None:
        require_number("label_smoothing", self.label_smoothing, 0.0, 0.3)
        require_number("focal_gamma", self.focal_gamma, 0.0, 5.0)


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig(_Settings):
    """How weights are changed. A learning rate of 0 is the recipe's own."""

    kind: Optimizer = Optimizer.ADAMW
    learning_rate: float = 0.0
    weight_decay: float = 1e-4  # of AdamW, SGD and RMSprop, not of Adam
    momentum: float = 0.9  # of SGD
    schedule: Schedule = Schedule.COSINE
    warmup_fraction: float = 0.1  # of all steps

    def __post_init__(self) -> None:
        require_number("learning_rate", self.learning_rate, 0.0, 10.0)
        require_number("weight_decay", self.weight_decay, 0.0, 1.0)
        require_number("momentum", self.momentum, 0.0, 0.999)
        require_number("warmup_fraction", self.warmup_fraction, 0.0, 0.5)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(_Settings):
    """The settings of one run.

    ``epochs`` is the most passes over the training pictures after which the run
    ends; the best of them, by ``watch``, is delivered.
    """

    dataset_version: int
    backbone: str = DEFAULT_BACKBONE
    recipe: Recipe = Recipe.QUICK
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    augmented_views: int = 2  # changed copies of each training picture, where what is frozen is cached
    head: HeadConfig = field(default_factory=HeadConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    imbalance: Imbalance = Imbalance.NONE
    picture_size: int = 0  # pixels a side that the network takes; 0: the backbone's own
    unfreeze: float = 0.3  # of the backbone's depth, from its end, that "balanced" trains
    batch_size: int = 32
    epochs: int = 0  # 0: the recipe's own
    watch: Watch = Watch.LOSS
    patience: int = 0  # epochs without a better one before it ends; 0: the recipe's own
    seed: int = 0

    def __post_init__(self) -> None:
        backbone = get_backbone(self.backbone)
        if self.recipe is not Recipe.SCRATCH and backbone.weights is WeightsSource.NONE:
            raise ConfigError(
                N_(
                    "{backbone} has no pretrained weights, so the recipe “{recipe}” cannot use it. Choose “scratch”."
                ),
                backbone=backbone.name,
                recipe=self.recipe.value,
            )
        for name, defaults in (("epochs", DEFAULT_EPOCHS), ("patience", DEFAULT_PATIENCE)):
            if getattr(self, name) == 0:
                object.__setattr__(self, name, defaults[self.recipe])
        require_number("epochs", self.epochs, 1, MAX_EPOCHS)
        require_number("patience", self.patience, 1, MAX_EPOCHS)
        require_number("augmented_views", self.augmented_views, 1, MAX_VIEWS)
        if self.picture_size != 0:
            require_number("picture_size", self.picture_size, MIN_PICTURE_SIZE, MAX_PICTURE_SIZE)
            require_whole("picture_size", self.picture_size)
            at_size(backbone, self.picture_size)
        require_number("unfreeze", self.unfreeze, 0.05, 1.0)
        require_number("batch_size", self.batch_size, 2, 1024)
        require_number("seed", self.seed, 0, 2**31 - 1)

    @property
    def sized_backbone(self) -> Backbone:
        """The backbone for pictures of the size that these settings say."""
        return at_size(get_backbone(self.backbone), self.picture_size)

    @property
    def learning_rate(self) -> float:
        """The highest learning rate: the one asked for, or the recipe's own."""
        return self.optimizer.learning_rate or DEFAULT_LEARNING_RATE[self.recipe]

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TrainingConfig:
        """Raises ConfigError on a key, or a name, that is not known."""
        return super().from_json(_of_today(record))


def recipe_for(backbone: str) -> Recipe:
    """The recipe that fits a backbone: quick where it is pretrained, else from scratch."""
    return Recipe.SCRATCH if get_backbone(backbone).weights is WeightsSource.NONE else Recipe.QUICK


def usual_augmentation(recipe: Recipe) -> AugmentationConfig:
    """The changes of pictures where none were chosen.

    Light ones where a network is trained, which would otherwise learn the very
    pictures by heart; a head on frozen features does well without.
    """
    return STRENGTHS["light"].config if recipe.trains_backbone else AugmentationConfig()


def _of_today(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it is written today; runs of Darkroom 0.1.0 named two settings of the head otherwise."""
    values = dict(record)
    if "dropout_rate" in values or "hidden_units" in values:
        units = int(values.pop("hidden_units", 0))
        rate = float(values.pop("dropout_rate", 0.2))
        values["head"] = {"hidden_units": [units] if units else [], "dropout_rate": rate}
    return values


def _plain_value(value: Any) -> Any:
    return value.to_json() if hasattr(value, "to_json") else value


def _read(kind: Any, name: str, value: Any) -> Any:
    """A value of JSON as the setting's own type."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return read_name(kind, name, value)
    is_record = isinstance(kind, type) and hasattr(kind, "from_json")
    if (is_record and not isinstance(value, Mapping)) or (
        get_origin(kind) is tuple and not isinstance(value, list | tuple)
    ):
        raise ConfigError(N_("The setting {name} cannot be {value}."), name=name, value=repr(value))
    if is_record:
        return kind.from_json(value)
    return tuple(value) if isinstance(value, list) else value


def read_name(kind: type[Name], setting: str, value: Any) -> Name:
    """The member of ``kind`` that a name means. Raises ConfigError where there is none."""
    if value not in set(kind):
        raise ConfigError(
            N_("There is no {setting} called “{name}”. Choose from: {known}."),
            setting=setting,
            name=value,
            known=", ".join(kind),
        )
    return kind(value)


def require_number(name: str, value: float, low: float, high: float) -> None:
    """Raises ConfigError where a value is no number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(
            N_("{name} is {value}; it must lie between {low} and {high}."),
            name=name,
            value=value,
            low=low,
            high=high,
        )


def require_whole(name: str, value: float) -> None:
    """Raises ConfigError where a number is no whole one."""
    if not isinstance(value, int):
        raise ConfigError(N_("{name} is {value}; it must be a whole number."), name=name, value=value)
