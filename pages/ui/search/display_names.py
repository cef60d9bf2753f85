"""Display names of searches: goals, dimensions and their values, samplers and pruners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.messages import N_
from core.models.backbones import find_backbone, get_backbone
from core.runs.setting_names import (
    AUGMENTATION_LABELS,
    IMBALANCE_NAMES,
    OPTIMIZER_NAMES,
    POOLING_NAMES,
    RECIPE_NAMES,
    SCHEDULE_NAMES,
)
from core.search.config import Goal, Pruner, Sampler, Scoring, SearchConfig, Tradeoff
from core.search.records import TrialState
from core.search.space import Speed, canonical_value
from core.training.config import Recipe, TrainingConfig
from pages.ui.text import _, duration, file_size, number, percent, signed

GOAL_NAMES = {
    Goal.ACCURACY: N_("Accuracy"),
    Goal.MACRO_F1: N_("Macro F1"),
    Goal.LOSS: N_("Loss"),
    Goal.LEADING: N_("The metric that matters"),
}
GOAL_UNITS = {
    Goal.ACCURACY: N_("validation accuracy (%)"),
    Goal.MACRO_F1: N_("validation macro F1 (%)"),
    Goal.LOSS: N_("validation loss (nats)"),
    Goal.LEADING: N_("the metric that matters, on validation (%)"),
}
TRADEOFF_NAMES = {
    Tradeoff.NONE: N_("No"),
    Tradeoff.SIZE: N_("Size of the classifier"),
    Tradeoff.LATENCY: N_("Time for a picture"),
}
TRADEOFF_COLUMNS = {Tradeoff.SIZE: N_("Size (MB)"), Tradeoff.LATENCY: N_("Time (ms)")}
TRADEOFF_UNITS = {
    Tradeoff.SIZE: N_("size of the classifier (MB)"),
    Tradeoff.LATENCY: N_("time for one picture (ms)"),
}
SPEED_NAMES = {Speed.HEAD: N_("Heads only"), Speed.FULL: N_("Whole networks")}
SPEED_SENTENCES = {
    Speed.HEAD: N_(
        "Computes the features of each picture once, then tries dozens of heads a minute. Start here."
    ),
    Speed.FULL: N_(
        "First searches over heads, then also fine-tunes the backbone; a trial takes minutes. Needs a graphics card or much time."
    ),
}
SAMPLER_NAMES = {
    Sampler.TPE: N_("TPE: learns from the best trials"),
    Sampler.RANDOM: N_("Random"),
    Sampler.CMA_ES: N_("CMA-ES: evolves a population of numbers"),
    Sampler.GRID: N_("Grid: every combination"),
    Sampler.LADDER: N_("Ladder: the cheapest expected point of accuracy first"),
}
PRUNER_NAMES = {
    Pruner.MEDIAN: N_("Median: worse than half of the others"),
    Pruner.HYPERBAND: N_("Hyperband: many short trials, few long ones"),
    Pruner.NONE: N_("None: every trial runs to its end"),
}
SCORING_NAMES = {
    Scoring.AUTO: N_("Automatic, by the number of pictures"),
    Scoring.VALIDATION: N_("Validation pictures"),
    Scoring.CROSS_VALIDATION: N_("Cross-validation"),
}
TRIAL_STATES = {
    TrialState.COMPLETE: N_("complete"),
    TrialState.PRUNED: N_("pruned"),
    TrialState.FAILED: N_("failed"),
}
DIMENSION_NAMES = {
    "backbone": N_("Backbone"),
    "recipe": N_("Recipe"),
    "picture_size": N_("Picture size"),
    "pooling": N_("Pooling"),
    "hidden_layers": N_("Hidden layers"),
    "hidden_units": N_("Units of each"),
    "dropout_rate": N_("Dropout"),
    "batch_norm": N_("Batch norm"),
    "l2": N_("L2 penalty"),
    "head_learning_rate": N_("Learning rate of the head"),
    "head_weight_decay": N_("Weight decay of the head"),
    "label_smoothing": N_("Label smoothing"),
    "imbalance": N_("Class imbalance"),
    "optimizer": N_("Optimiser"),
    "learning_rate": N_("Learning rate"),
    "weight_decay": N_("Weight decay"),
    "schedule": N_("Schedule of the learning rate"),
    "batch_size": N_("Batch size"),
    "unfreeze": N_("Share of the backbone to fine-tune"),
    "augmentation": N_("Strength of augmentation"),
}
DIMENSION_HELP = {
    "backbone": N_("Pretrained network; those on this computer are offered."),
    "recipe": N_("Part of the network that is trained."),
    "picture_size": N_("Side of the network's input in pixels."),
    "pooling": N_("Combines the features of all parts of the picture into one row of numbers."),
    "hidden_layers": N_("Number of layers between backbone and output. 0 is a linear head."),
    "hidden_units": N_("Units of each hidden layer. Only with a hidden layer."),
    "dropout_rate": N_("Share of the features left out at random while training. Only with a hidden layer."),
    "batch_norm": N_("Normalises the outputs of hidden layers. Only with a hidden layer."),
    "l2": N_(
        "Keeps the weights of a linear head small, against overfitting (learning the training pictures by heart)."
    ),
    "head_learning_rate": N_("Step size in training a head with hidden layers."),
    "head_weight_decay": N_("Pulls the weights of a head with hidden layers towards zero."),
    "label_smoothing": N_("Share of the target probability given to the other classes."),
    "imbalance": N_("For classes with very different numbers of pictures."),
    "optimizer": N_("Algorithm that updates the weights."),
    "learning_rate": N_("Step size in training a network."),
    "weight_decay": N_("Pulls the weights of a network towards zero while it is trained."),
    "schedule": N_("Change of the learning rate over the epochs."),
    "batch_size": N_("Pictures in each training step."),
    "unfreeze": N_("Share of the backbone, from its end, that is fine-tuned."),
    "augmentation": N_("Strength of augmentation, relative to that chosen on the Augment page."),
}
_PLAIN_POWERS = range(-4, 3)  # of ten: other numbers are written with it
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_VALUE_NAMES: dict[str, Mapping[Any, str]] = {
    "recipe": RECIPE_NAMES,
    "pooling": POOLING_NAMES,
    "imbalance": IMBALANCE_NAMES,
    "optimizer": OPTIMIZER_NAMES,
    "schedule": SCHEDULE_NAMES,
}


def dimension_name(name: str) -> str:
    """Name a dimension; an augmentation by its own label."""
    if kind := _augmentation_of(name):
        return _(AUGMENTATION_LABELS.get(kind, kind))
    return _(DIMENSION_NAMES[name]) if name in DIMENSION_NAMES else name


def dimension_help(name: str) -> str:
    """Explain a dimension; an empty text if there is nothing to explain."""
    if _augmentation_of(name):
        return _("Strength of this augmentation alone.")
    return _(DIMENSION_HELP[name]) if name in DIMENSION_HELP else ""


def dimension_value(name: str, value: Any) -> str:
    """Format a value of a dimension."""
    value = canonical_value(name, value)
    if value in (labels := _VALUE_NAMES.get(name, {})):
        return _(labels[value])
    if name == "backbone" and (backbone := find_backbone(str(value))):
        return backbone.name
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if name == "augmentation":
        return f"{value:g}×"
    if isinstance(value, float):
        return short(value)
    return number(value) if isinstance(value, int) else str(value)


def short(value: float) -> str:
    """Format a number of any size in a few letters: ``0.00012``, ``1.2·10⁻⁶``."""
    digits, _e, power = f"{value:.2e}".partition("e")
    if value == 0 or int(power) in _PLAIN_POWERS:
        return f"{value:.3g}"
    ten = "10" + str(int(power)).translate(_RAISED)
    return ten if float(digits) == 1 else f"{float(digits):g}·{ten}"


def in_display_unit(value: float, goal: Goal) -> float:
    """Convert a goal's value to the unit of charts and tables: percent, or nats."""
    return value if goal is Goal.LOSS else 100 * value


def format_value(value: float | None, goal: Goal) -> str:
    """Format a goal's value: ``94.2%``, or ``0.213``."""
    if value is None:
        return "–"
    return f"{value:.4f}" if goal is Goal.LOSS else percent(value)


def format_points(difference: float, goal: Goal) -> str:
    """Format a difference of a goal with its sign: ``+2.1`` percentage points, or a loss of ``−0.013``."""
    return signed(difference, 3) if goal is Goal.LOSS else signed(100 * difference, 1)


def format_points_with_unit(difference: float, goal: Goal) -> str:
    """Format a difference of a goal with its sign and unit."""
    form = _("{amount} nats") if goal is Goal.LOSS else _("{amount} points")
    return form.format(amount=format_points(difference, goal))


def format_second(second: float | None, tradeoff: Tradeoff) -> str:
    """Format the second objective with its unit."""
    if second is None:
        return "–"
    if tradeoff is Tradeoff.SIZE:
        return file_size(second)
    return _("{milliseconds} ms").format(milliseconds=number(round(second, 2)))


def format_budget(config: SearchConfig) -> str:
    """Format the budget of a search."""
    parts = []
    if config.minutes:
        parts.append(duration(60 * config.minutes))
    if config.trials:
        parts.append(_("{n} trials").format(n=number(config.trials)))
    return " · ".join(parts)


def search_sentence(config: SearchConfig) -> str:
    """Summarise a search's settings in one line of plain text."""
    if config.sampler is Sampler.LADDER:
        return " · ".join([_("Climb"), _goals(config), format_budget(config)])
    parts = [
        _(SPEED_NAMES[config.speed]),
        _goals(config),
        format_budget(config),
        _("{n} settings vary").format(n=len(config.space.domains)),
    ]
    return " · ".join(parts)


def _goals(config: SearchConfig) -> str:
    goal = _(GOAL_NAMES[config.goal])
    forms = {
        Tradeoff.NONE: "{goal}",
        Tradeoff.SIZE: _("{goal} and size"),
        Tradeoff.LATENCY: _("{goal} and time for a picture"),
    }
    return forms[config.tradeoff].format(goal=goal)


def baseline_sentence(config: TrainingConfig) -> str:
    """Summarise the baseline in one line of plain text."""
    parts: Sequence[str] = (
        _(RECIPE_NAMES[Recipe(config.recipe)]),
        get_backbone(config.backbone).name,
        _("with augmentation") if config.augmentation.is_active else _("no augmentation"),
    )
    return " · ".join(parts)


def _augmentation_of(name: str) -> str:
    return name.removeprefix("change.") if name.startswith("change.") else ""
