"""Configuration of a training run, written once to its directory and read by every step."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import ConfigError
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.augmentation.presets import STRENGTHS
from core.models.backbones import DEFAULT_BACKBONE, Backbone, WeightsSource, at_size, get_backbone
from core.records import JsonObject, Record
from core.training.leading_metric import LeadingMetric


class Recipe(StrEnum):
    """Training recipe."""

    QUICK = "quick"  # frozen pretrained backbone, a head on its features
    BALANCED = "balanced"  # that head first, then the backbone's last blocks with it
    BEST = "best"  # the head, the last blocks, then all blocks; averaged weights
    SCRATCH = "scratch"  # every weight from random

    @property
    def trains_backbone(self) -> bool:
        """True if the run trains weights of the backbone, not only a head on it."""
        return self is not Recipe.QUICK


class Pooling(StrEnum):
    """Pooling of the backbone's last feature map into one row of features."""

    AUTO = "auto"  # global average, then 2 x 2 average; validation decides
    GLOBAL = "global"  # global average pooling
    GRID = "grid"  # average pooling into 2 x 2 cells, which keeps coarse positions
    MAX = "max"

    @classmethod
    def _missing_(cls, value: object) -> Pooling | None:
        """Read the codes of version 0.1.0."""
        code = POOLINGS_OF_0_1_0.get(str(value))
        return cls(code) if code else None


POOLINGS_OF_0_1_0 = {"mean": "global", "quarters": "grid"}


class Loss(StrEnum):
    """Loss function."""

    CROSS_ENTROPY = "cross_entropy"
    FOCAL = "focal"  # well-classified pictures count less (Lin 2017, arXiv 1708.02002)


class Optimizer(StrEnum):
    """Optimiser."""

    ADAMW = "adamw"
    ADAM = "adam"
    SGD = "sgd"  # with momentum
    RMSPROP = "rmsprop"


class Schedule(StrEnum):
    """Learning rate schedule."""

    COSINE = "cosine"  # linear warm-up, then a cosine down to almost 0
    CONSTANT = "constant"
    PLATEAU = "plateau"  # lowered whenever validation stops improving


class Imbalance(StrEnum):
    """Treatment of classes of unequal size."""

    NONE = "none"
    CLASS_WEIGHTS = "class_weights"  # pictures of small classes count more
    BALANCED_SAMPLING = "balanced_sampling"  # pictures of small classes are drawn more often


class Monitor(StrEnum):
    """Validation metric that selects the best epoch and drives early stopping."""

    LOSS = "validation_loss"
    ACCURACY = "validation_accuracy"
    MACRO_F1 = "validation_macro_f1"
    LEADING = "validation_leading"  # the metric that matters in the project

    @property
    def is_better_low(self) -> bool:
        return self is Monitor.LOSS


DEFAULT_EPOCHS = {Recipe.QUICK: 200, Recipe.BALANCED: 12, Recipe.BEST: 30, Recipe.SCRATCH: 40}
DEFAULT_PATIENCE = {Recipe.QUICK: 8, Recipe.BALANCED: 5, Recipe.BEST: 8, Recipe.SCRATCH: 10}
DEFAULT_LEARNING_RATE = {Recipe.QUICK: 1e-3, Recipe.BALANCED: 1e-4, Recipe.BEST: 1e-4, Recipe.SCRATCH: 1e-3}
MAX_EPOCHS = 10_000
MIN_PICTURE_SIZE, MAX_PICTURE_SIZE = 32, 1024
MAX_VIEWS = 20
# Training and validation pictures with which heads are cross-validated: fewer a class, and fewer rows with
# augmented copies. At 5 a class that gains 3 points; from 10 on, not on every set of pictures.
CROSS_VALIDATED_PER_CLASS, CROSS_VALIDATED_ROWS = 10, 500
MAX_HIDDEN_UNITS = 4096
MAX_HIDDEN_LAYERS = 4


@dataclass(frozen=True, kw_only=True)
class HeadConfig(Record):
    """Trainable layers on top of the backbone."""

    pooling: Pooling = Pooling.AUTO
    hidden_units: tuple[int, ...] = ()  # of each hidden layer; none: a linear classifier
    dropout_rate: float = 0.2  # fraction of each layer's input dropped while training
    l2: float = 0.0  # penalty on the weights; 0: chosen by validation for a linear head
    batch_norm: bool = False  # in the hidden layers
    cross_validate: bool = (
        True  # choose a linear head of few pictures so, and train it on validation pictures too
    )

    def __post_init__(self) -> None:
        require_number("hidden layers", len(self.hidden_units), 0, MAX_HIDDEN_LAYERS)
        for units in self.hidden_units:
            require_number("hidden_units", units, 1, MAX_HIDDEN_UNITS)
        require_number("dropout_rate", self.dropout_rate, 0.0, 0.9)
        require_number("l2", self.l2, 0.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class LossConfig(Record):
    """Loss function and its parameters."""

    kind: Loss = Loss.CROSS_ENTROPY
    label_smoothing: float = 0.0  # share of the target given to the other classes
    focal_gamma: float = 2.0  # how much less well-classified pictures count

    def __post_init__(self) -> None:
        require_number("label_smoothing", self.label_smoothing, 0.0, 0.3)
        require_number("focal_gamma", self.focal_gamma, 0.0, 5.0)


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig(Record):
    """Optimiser, its parameters and the learning rate schedule."""

    kind: Optimizer = Optimizer.ADAMW
    learning_rate: float = 0.0  # the highest; 0: the recipe's own
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
class TrainingConfig(Record):
    """Settings of one run.

    The run ends after at most ``epochs`` passes over the training pictures; the best
    epoch by ``monitor`` is delivered.
    """

    dataset_version: int
    backbone: str = DEFAULT_BACKBONE
    recipe: Recipe = Recipe.QUICK
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    augmented_views: int = 2  # augmented copies of each training picture, where features are cached
    head: HeadConfig = field(default_factory=HeadConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    imbalance: Imbalance = Imbalance.NONE
    picture_size: int = 0  # side in pixels of the network's input; 0: the backbone's own
    unfreeze: float = 0.3  # fraction of the backbone's depth, from its end, that "balanced" trains
    batch_size: int = 32
    epochs: int = 0  # 0: the recipe's own
    monitor: Monitor = Monitor.LOSS
    # The metric that matters in the project, where it is monitored; filled in when the run starts.
    leading_metric: LeadingMetric | None = None
    patience: int = 0  # epochs without improvement before early stopping; 0: the recipe's own
    seed: int = 0

    def __post_init__(self) -> None:
        backbone = get_backbone(self.backbone)
        object.__setattr__(self, "backbone", backbone.key)
        if backbone.members and self.recipe is not Recipe.QUICK:
            raise ConfigError(
                N_(
                    "The backbones of the committee {backbone} stay as they are, so the recipe “{recipe}” cannot "
                    "train them. Choose “quick”, or one backbone."
                ),
                backbone=backbone.name,
                recipe=self.recipe.value,
            )
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
            require_integer("picture_size", self.picture_size)
            at_size(backbone, self.picture_size)
        require_number("unfreeze", self.unfreeze, 0.05, 1.0)
        require_number("batch_size", self.batch_size, 2, 1024)
        require_number("seed", self.seed, 0, 2**31 - 1)

    @property
    def sized_backbone(self) -> Backbone:
        """The backbone at the picture size of these settings."""
        return at_size(get_backbone(self.backbone), self.picture_size)

    @property
    def learning_rate(self) -> float:
        """The highest learning rate: the configured one, or the recipe's own."""
        return self.optimizer.learning_rate or DEFAULT_LEARNING_RATE[self.recipe]

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Accept older names: ``watch``, two flat settings of the head, codes of poolings."""
        if "watch" in values:
            values["monitor"] = values.pop("watch")
        if "dropout_rate" in values or "hidden_units" in values:
            units = int(values.pop("hidden_units", 0))
            rate = float(values.pop("dropout_rate", 0.2))
            values["head"] = {"hidden_units": [units] if units else [], "dropout_rate": rate}
        head = values.get("head", {})
        if head.get("pooling") in POOLINGS_OF_0_1_0:
            values["head"] = {**head, "pooling": POOLINGS_OF_0_1_0[head["pooling"]]}
        return values


def recipe_for(backbone: str) -> Recipe:
    """Return the default recipe of a backbone: quick if it is pretrained, else from scratch."""
    return Recipe.SCRATCH if get_backbone(backbone).weights is WeightsSource.NONE else Recipe.QUICK


def usual_augmentation(recipe: Recipe) -> AugmentationConfig:
    """Return the default augmentation of a recipe.

    It is light if the backbone is trained, which would otherwise memorise the pictures;
    a head on frozen features does well without.
    """
    return STRENGTHS["light"].config if recipe.trains_backbone else AugmentationConfig()


def require_number(name: str, value: float, low: float, high: float) -> None:
    """Raise ConfigError unless a value is a number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(
            N_("{name} is {value}; it must lie between {low} and {high}."),
            name=name,
            value=value,
            low=low,
            high=high,
        )


def require_integer(name: str, value: float) -> None:
    """Raise ConfigError unless a number is an integer."""
    if not isinstance(value, int):
        raise ConfigError(N_("{name} is {value}; it must be a whole number."), name=name, value=value)
