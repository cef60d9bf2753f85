"""Table of the settings form: group, limits and help of each field, and the fields that affect a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.messages import N_
from core.runs.setting_names import (
    IMBALANCE_NAMES,
    LOSS_NAMES,
    MONITOR_NAMES,
    OPTIMIZER_NAMES,
    POOLING_NAMES,
    SCHEDULE_NAMES,
)
from core.training.config import (
    MAX_EPOCHS,
    MAX_VIEWS,
    Loss,
    Optimizer,
    Recipe,
    Schedule,
    TrainingConfig,
)


@dataclass(frozen=True, kw_only=True)
class Field:
    """Form field of one setting, by its path in a run's configuration, such as ``head.l2``."""

    path: str
    help: str


@dataclass(frozen=True, kw_only=True)
class NumberField(Field):
    """Number field; whole numbers where the limits are whole."""

    low: float
    high: float
    step: float


@dataclass(frozen=True, kw_only=True)
class SizeField(Field):
    """Picture size in pixels that the backbone accepts; empty for its default."""


@dataclass(frozen=True, kw_only=True)
class ChoiceField(Field):
    """Choice of one value by its display name."""

    labels: Mapping[Any, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SwitchField(Field):
    """On/off switch."""


@dataclass(frozen=True, kw_only=True)
class LayersField(Field):
    """Units of each hidden layer, separated by commas."""


GROUPS: tuple[tuple[str, tuple[Field, ...]], ...] = (
    (
        N_("Duration"),
        (
            NumberField(
                path="epochs",
                low=1,
                high=MAX_EPOCHS,
                step=1,
                help=N_(
                    "An epoch is one pass over all training pictures. The best one, by validation, is kept."
                ),
            ),
            NumberField(
                path="patience",
                low=1,
                high=MAX_EPOCHS,
                step=1,
                help=N_("Training ends after this many epochs without a better one."),
            ),
            ChoiceField(
                path="monitor",
                labels=MONITOR_NAMES,
                help=N_(
                    "Metric on validation pictures that selects the best epoch. Macro F1 counts every class equally, however small. The metric that matters is chosen on the Evaluate page."
                ),
            ),
            NumberField(
                path="seed",
                low=0,
                high=2**31 - 1,
                step=1,
                help=N_("The same seed and settings give the same classifier."),
            ),
        ),
    ),
    (
        N_("Head"),
        (
            ChoiceField(
                path="head.pooling",
                labels=POOLING_NAMES,
                help=N_("Combines the features of all parts of the picture into one row of numbers."),
            ),
            LayersField(
                path="head.hidden_units",
                help=N_(
                    "Units of each hidden layer, such as 256, 128. Empty: a linear head, which often does best."
                ),
            ),
            NumberField(
                path="head.dropout_rate",
                low=0.0,
                high=0.9,
                step=0.1,
                help=N_(
                    "Share of the features left out at random while training, against overfitting (learning by heart)."
                ),
            ),
            NumberField(
                path="head.l2",
                low=0.0,
                high=10.0,
                step=0.001,
                help=N_(
                    "Keeps weights small, against overfitting (learning by heart). 0: a linear head tries several values and keeps the best."
                ),
            ),
            SwitchField(
                path="head.batch_norm",
                help=N_("Normalises the outputs of hidden layers; large layers learn faster with it."),
            ),
            SwitchField(
                path="head.cross_validate",
                help=N_(
                    "With fewer than {most} pictures a class, cross-validation chooses the head, and it learns from the validation pictures as well."
                ),
            ),
        ),
    ),
    (
        N_("Loss and classes"),
        (
            ChoiceField(
                path="loss.kind",
                labels=LOSS_NAMES,
                help=N_(
                    "Focal loss gives less weight to pictures that are already right, so that hard and rare ones count more."
                ),
            ),
            NumberField(
                path="loss.focal_gamma",
                low=0.0,
                high=5.0,
                step=0.5,
                help=N_("Strength of this weighting; 0 is cross-entropy."),
            ),
            NumberField(
                path="loss.label_smoothing",
                low=0.0,
                high=0.3,
                step=0.05,
                help=N_(
                    "Share of the target probability given to the other classes: less overconfidence, and less harm from wrong labels."
                ),
            ),
            ChoiceField(
                path="imbalance",
                labels=IMBALANCE_NAMES,
                help=N_("For classes with very different numbers of pictures."),
            ),
        ),
    ),
    (
        N_("Optimiser"),
        (
            ChoiceField(
                path="optimizer.kind", labels=OPTIMIZER_NAMES, help=N_("Algorithm that updates the weights.")
            ),
            NumberField(
                path="optimizer.learning_rate",
                low=0.0,
                high=10.0,
                step=0.0001,
                help=N_("Highest learning rate of the run. 0: the recipe's own, {rate} here."),
            ),
            ChoiceField(
                path="optimizer.schedule",
                labels=SCHEDULE_NAMES,
                help=N_("Change of the learning rate over the epochs."),
            ),
            NumberField(
                path="optimizer.warmup_fraction",
                low=0.0,
                high=0.5,
                step=0.05,
                help=N_("Share of the steps in which the learning rate rises to its highest."),
            ),
            NumberField(
                path="optimizer.weight_decay",
                low=0.0,
                high=1.0,
                step=0.0001,
                help=N_("Pulls weights towards zero, against overfitting (learning by heart)."),
            ),
            NumberField(
                path="optimizer.momentum",
                low=0.0,
                high=0.999,
                step=0.05,
                help=N_("Share of the previous step that is added to the next."),
            ),
            NumberField(
                path="batch_size",
                low=2,
                high=1024,
                step=8,
                help=N_(
                    "Pictures in each training step. If they do not fit into memory, the step is computed in parts with the same result."
                ),
            ),
        ),
    ),
    (
        N_("Backbone and pictures"),
        (
            SizeField(
                path="picture_size",
                help=N_(
                    "Side of the backbone's input in pixels. Empty: its own, {size}. Half the side takes a quarter of the time; more shows finer detail."
                ),
            ),
            NumberField(
                path="unfreeze",
                low=0.05,
                high=1.0,
                step=0.05,
                help=N_(
                    "Share of the backbone, from its end, that is fine-tuned. More takes longer and needs more pictures."
                ),
            ),
            NumberField(
                path="augmented_views",
                low=1,
                high=MAX_VIEWS,
                step=1,
                help=N_("The features of each copy are computed once and cached; more copies take longer."),
            ),
        ),
    ),
)


def used_settings(config: TrainingConfig) -> set[str]:
    """Return the paths of the settings that affect a run with this configuration."""
    used = {"epochs", "monitor", "seed", "imbalance", "loss.kind", "loss.label_smoothing", "picture_size"}
    used |= {"head.pooling", "head.hidden_units", "head.l2"}
    is_focal = config.loss.kind is Loss.FOCAL
    if is_focal:
        used.add("loss.focal_gamma")
    if config.head.hidden_units:
        used |= {"head.dropout_rate", "head.batch_norm"}
    elif config.recipe is Recipe.QUICK and not is_focal:
        used.add("head.cross_validate")
    if config.recipe is not Recipe.SCRATCH and config.augmentation.is_active:
        used.add("augmented_views")
    if config.recipe in {Recipe.BALANCED, Recipe.BEST}:
        used.add("unfreeze")
    # A quick run takes steps along gradients only where a linear fit cannot do it.
    if config.recipe is not Recipe.QUICK or config.head.hidden_units or is_focal:
        used |= {"batch_size", "patience"} | _used_by_optimizer(config)
    return used


def _used_by_optimizer(config: TrainingConfig) -> set[str]:
    used = {"optimizer.kind", "optimizer.learning_rate", "optimizer.schedule"}
    if config.optimizer.kind is not Optimizer.ADAM:
        used.add("optimizer.weight_decay")
    if config.optimizer.kind is Optimizer.SGD:
        used.add("optimizer.momentum")
    if config.optimizer.schedule is Schedule.COSINE:
        used.add("optimizer.warmup_fraction")
    return used
