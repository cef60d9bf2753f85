"""Settings of a run, completed when it starts: the dataset's version, and the metric that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from core.data.labels.layout import Split
from core.errors import ConfigError
from core.messages import N_
from core.models.backbones import DEFAULT_BACKBONE
from core.records import JsonObject
from core.training.config import Monitor, Recipe, TrainingConfig, recipe_for, usual_augmentation
from core.workspace import Project

if TYPE_CHECKING:
    from core.data.dataset import Dataset


def complete_settings(
    config: TrainingConfig, project: Project, dataset: Dataset, *, has_leading_goal: bool = False
) -> TrainingConfig:
    """Complete settings by the dataset's version and, where training needs it, the metric that matters.

    Raises:
        ConfigError: the metric is undefined on the validation pictures.
    """
    # It imports pandas, which takes 0.4 s, and every page lists jobs first.
    from core.evaluation.leading import leading_metric

    config = replace(config, dataset_version=dataset.version, leading_metric=None)
    if config.monitor is not Monitor.LEADING and not has_leading_goal:
        return config
    metric = leading_metric(project, dataset.class_names).metric
    if metric.kind.needs_class and not _is_validated(dataset, metric.class_name):
        raise ConfigError(
            N_(
                "No validation picture shows “{name}”, so training cannot be judged by that class. Choose another metric, or split the pictures again."
            ),
            name=metric.class_name,
        )
    return replace(config, leading_metric=metric)


def _is_validated(dataset: Dataset, class_name: str) -> bool:
    """Return True if a validation picture shows the class."""
    shown = dataset.targets[dataset.rows(Split.VALIDATION), dataset.class_names.index(class_name)]
    return bool(shown.any())


def usual_settings(given: Mapping[str, object], version: int) -> TrainingConfig:
    """Make settings from those that are given: the others are the backbone's and the recipe's usual ones.

    Raises:
        ConfigError: a setting is unknown or out of range.
    """
    settings: JsonObject = dict(given)
    backbone = settings.setdefault("backbone", DEFAULT_BACKBONE)
    recipe = settings.setdefault("recipe", recipe_for(str(backbone)).value)
    # Another one is refused below.
    if isinstance(recipe, str) and recipe in set(Recipe):
        settings.setdefault("augmentation", usual_augmentation(Recipe(recipe)).to_json())
    return TrainingConfig.from_json({**settings, "dataset_version": version})
