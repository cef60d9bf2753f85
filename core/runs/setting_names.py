"""Names of training settings and of their values: on the pages and in reports.

A setting is named by its path in a run's configuration, such as ``head.l2``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.formatting import number
from core.messages import N_
from core.models.augmentation import table
from core.models.backbones import find_backbone
from core.models.views import VIEW_SETS
from core.records import JsonObject
from core.training.config import (
    Imbalance,
    Loss,
    Monitor,
    Optimizer,
    Pooling,
    Recipe,
    Schedule,
)
from core.training.leading_metric import LeadingKind

AUGMENTATION_LABELS = {"flip": N_("Flip"), **{row.name: row.label for row in table.AUGMENTATIONS}}
RECIPE_NAMES = {
    Recipe.QUICK: N_("Quick"),
    Recipe.BALANCED: N_("Balanced"),
    Recipe.BEST: N_("Best"),
    Recipe.SCRATCH: N_("From scratch"),
}
POOLING_NAMES = {
    Pooling.AUTO: N_("Automatic, by validation"),
    Pooling.GLOBAL: N_("Global average pooling"),
    Pooling.GRID: N_("2×2 average pooling"),
    Pooling.MAX: N_("Max pooling"),
}
LOSS_NAMES = {Loss.CROSS_ENTROPY: N_("Cross-entropy"), Loss.FOCAL: N_("Focal")}
OPTIMIZER_NAMES = {
    Optimizer.ADAMW: "AdamW",
    Optimizer.ADAM: "Adam",
    Optimizer.SGD: N_("SGD with momentum"),
    Optimizer.RMSPROP: "RMSprop",
}
SCHEDULE_NAMES = {
    Schedule.COSINE: N_("Cosine with warm-up"),
    Schedule.CONSTANT: N_("Constant"),
    Schedule.PLATEAU: N_("Reduce on plateau"),
}
IMBALANCE_NAMES = {
    Imbalance.NONE: N_("Leave as they are"),
    Imbalance.CLASS_WEIGHTS: N_("Small classes count more"),
    Imbalance.BALANCED_SAMPLING: N_("Small classes are shown more often"),
}
MONITOR_NAMES = {
    Monitor.LOSS: N_("Loss"),
    Monitor.ACCURACY: N_("Accuracy"),
    Monitor.MACRO_F1: N_("Macro F1"),
    Monitor.LEADING: N_("The metric that matters"),
}
LEADING_KIND_NAMES = {
    LeadingKind.ACCURACY: N_("Accuracy"),
    LeadingKind.BALANCED_ACCURACY: N_("Balanced accuracy"),
    LeadingKind.MACRO_F1: N_("F1, mean of the classes"),
    LeadingKind.RECALL: N_("Recall of a class"),
    LeadingKind.PRECISION: N_("Precision of a class"),
    LeadingKind.F1: N_("F1 of a class"),
    LeadingKind.COST: N_("Mean cost of an answer"),
}
FLIP_NAMES = {
    "none": N_("off"),
    "horizontal": N_("left to right"),
    "vertical": N_("top to bottom"),
    "both": N_("both ways"),
}
SETTING_NAMES = {
    "dataset_version": N_("Version of the pictures"),
    "backbone": N_("Backbone"),
    "recipe": N_("Recipe"),
    "augmentation": N_("Augmentation"),
    "augmented_views": N_("Augmented copies of each training picture"),
    "head.pooling": N_("Pooling"),
    "head.hidden_units": N_("Hidden layers"),
    "head.dropout_rate": N_("Dropout"),
    "head.l2": N_("L2 penalty"),
    "head.batch_norm": N_("Batch norm"),
    "head.cross_validate": N_("Cross-validation with few pictures"),
    "loss.kind": N_("Loss"),
    "loss.label_smoothing": N_("Label smoothing"),
    "loss.focal_gamma": N_("Focal gamma"),
    "optimizer.kind": N_("Optimiser"),
    "optimizer.learning_rate": N_("Learning rate"),
    "optimizer.weight_decay": N_("Weight decay"),
    "optimizer.momentum": N_("Momentum"),
    "optimizer.schedule": N_("Schedule of the learning rate"),
    "optimizer.warmup_fraction": N_("Warm-up"),
    "imbalance": N_("Class imbalance"),
    "picture_size": N_("Size of the pictures (pixels)"),
    "unfreeze": N_("Share of the backbone to fine-tune"),
    "batch_size": N_("Batch size"),
    "epochs": N_("Epochs at most"),
    "monitor": N_("Monitored metric"),
    "leading_metric.kind": N_("The metric that matters"),
    "leading_metric.class_name": N_("Class of the metric that matters"),
    "leading_metric.costs": N_("Costs of mistakes"),
    "leading_metric.miss_costs": N_("Costs of misses"),
    "patience": N_("Patience"),
    "seed": N_("Seed"),
}
_VALUE_NAMES: dict[str, Mapping[Any, str]] = {
    "recipe": RECIPE_NAMES,
    "augmentation.flip": FLIP_NAMES,
    "head.pooling": POOLING_NAMES,
    "loss.kind": LOSS_NAMES,
    "optimizer.kind": OPTIMIZER_NAMES,
    "optimizer.schedule": SCHEDULE_NAMES,
    "imbalance": IMBALANCE_NAMES,
    "monitor": MONITOR_NAMES,
    "leading_metric.kind": LEADING_KIND_NAMES,
    "views": {row.code: row.label for row in VIEW_SETS},
}
# An ensemble is joined, not trained.
_ENSEMBLE_NAMES = {
    "members": N_("Members"),
    "weights": N_("Weights of the members"),
    "backbones": N_("Backbones"),
    "input_size": SETTING_NAMES["picture_size"],
    "views": N_("Averaged views"),
}
# Classes belong to the pictures, and there may be a thousand.
_NO_SETTINGS = {"leading_metric.class_names"}
_WITH_BACKBONES = {"backbone", "backbones"}


def setting_name(path: str, translate: Callable[[str], str]) -> str:
    """Name a setting by its path; an augmentation by the label of its row."""
    name = SETTING_NAMES.get(path) or _ENSEMBLE_NAMES.get(path)
    if name is not None:
        return translate(name)
    kind = path.removeprefix("augmentation.")
    label = translate(AUGMENTATION_LABELS.get(kind, kind))
    return translate(N_("Augmentation: {name}")).format(name=label)


def setting_value(path: str, value: Any, translate: Callable[[str], str]) -> str:
    """Format a setting's value as plain text."""
    if path in _VALUE_NAMES and value in _VALUE_NAMES[path]:
        return translate(_VALUE_NAMES[path][value])
    if path in _WITH_BACKBONES and isinstance(value, str) and (backbone := find_backbone(value)):
        return backbone.name
    if isinstance(value, bool):
        return translate(N_("on")) if value else translate(N_("off"))
    if isinstance(value, list):
        # Rows of a matrix of costs stay rows.
        parts = [
            str(part) if isinstance(part, list) else setting_value(path, part, translate) for part in value
        ]
        return " · ".join(parts) or translate(N_("none"))
    if path == "optimizer.learning_rate" and value == 0:
        return translate(N_("the recipe's own"))
    if path == "picture_size" and value == 0:
        return translate(N_("the backbone's own"))
    return number(value) if isinstance(value, int | float) else str(value)


def flat(record: Mapping[str, Any], prefix: str = "") -> JsonObject:
    """Flatten a run's configuration to a path for each setting that users know, such as ``head.l2``."""
    paths: JsonObject = {}
    for name, value in record.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            paths |= flat(value, f"{path}.")
        elif value is not None and path not in _NO_SETTINGS:
            paths[path] = list(value) if isinstance(value, tuple) else value
    return paths
