"""Settings of the next run, as chosen on the pages."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from core.data.dataset import open_dataset
from core.errors import ConfigError
from core.models.augmentation import AugmentationConfig
from core.models.backbones import DEFAULT_BACKBONE, WeightsSource, find_backbone, get_backbone
from core.training.config import Recipe, TrainingConfig, recipe_for, usual_augmentation
from core.workspace import Project, project_settings, remember_setting

# Settings chosen elsewhere; the others have a field on the Train page and are stored for each recipe.
_CHOSEN_ELSEWHERE = {"dataset_version", "backbone", "recipe", "augmentation"}
_RECIPE_SETTINGS = "recipe_settings"
_RECIPE_SETTINGS_BEFORE = "dials"  # the key that older versions wrote


def chosen_backbone(project: Project) -> str:
    """Return the backbone chosen on the Model page, or the default."""
    name = str(project_settings(project).get("backbone", DEFAULT_BACKBONE))
    backbone = find_backbone(name)
    return backbone.key if backbone else DEFAULT_BACKBONE


def choose_backbone(project: Project, key: str) -> None:
    """Store the backbone for the next run."""
    remember_setting(project, "backbone", key)


def chosen_augmentation(project: Project) -> AugmentationConfig:
    """Return the augmentation chosen on the Augment page, or none."""
    record: Any = project_settings(project).get("augmentation", {})
    return AugmentationConfig.from_json(record)


def possible_recipes(backbone: str) -> list[Recipe]:
    """Return the recipes that can train a backbone: all, *from scratch* alone, or *quick* alone for a committee."""
    chosen = get_backbone(backbone)
    if chosen.weights is WeightsSource.NONE:
        return [Recipe.SCRATCH]
    return [Recipe.QUICK] if chosen.members else list(Recipe)


def chosen_recipe(project: Project) -> Recipe:
    """Return the recipe chosen on the Train page if it can train the backbone, else one that can."""
    backbone = chosen_backbone(project)
    name = project_settings(project).get("recipe")
    return next(
        (recipe for recipe in possible_recipes(backbone) if recipe.value == name), recipe_for(backbone)
    )


def next_config(project: Project, *, recipe: Recipe | None = None) -> TrainingConfig:
    """Build the configuration of the next run, with the chosen recipe or another ``recipe``."""
    recipe = recipe or chosen_recipe(project)
    is_chosen = "augmentation" in project_settings(project)
    augmentation = chosen_augmentation(project) if is_chosen else usual_augmentation(recipe)
    chosen = {
        "dataset_version": open_dataset(project).version,
        "backbone": chosen_backbone(project),
        "recipe": recipe,
        "augmentation": augmentation.to_json(),
    }
    stored = _recipe_settings(project).get(recipe, {})
    # The stored size may be invalid for this backbone, and all settings for a version with other limits.
    for settings in (stored, {**stored, "picture_size": 0}):
        with contextlib.suppress(ConfigError):
            return TrainingConfig.from_json({**settings, **chosen})
    return TrainingConfig.from_json(chosen)


def remember_recipe(project: Project, recipe: Recipe) -> None:
    """Store the recipe for the next run."""
    remember_setting(project, "recipe", recipe.value)


def remember_recipe_settings(project: Project, config: TrainingConfig) -> None:
    """Store the settings for the next run by this recipe."""
    values = {name: value for name, value in config.to_json().items() if name not in _CHOSEN_ELSEWHERE}
    remember_setting(project, _RECIPE_SETTINGS, {**_recipe_settings(project), config.recipe.value: values})


def reset_recipe_settings(project: Project, recipe: Recipe) -> None:
    """Reset the settings to the recipe's defaults."""
    others = {name: values for name, values in _recipe_settings(project).items() if name != recipe}
    remember_setting(project, _RECIPE_SETTINGS, others)


def has_own_settings(project: Project, recipe: Recipe) -> bool:
    """Check that the user changed settings of a recipe."""
    return recipe in _recipe_settings(project)


def use_again(project: Project, config: TrainingConfig) -> None:
    """Copy the settings of an earlier run, except for the dataset version."""
    remember_setting(project, "backbone", config.backbone)
    remember_setting(project, "augmentation", config.augmentation.to_json())
    remember_recipe(project, config.recipe)
    remember_recipe_settings(project, config)


def _recipe_settings(project: Project) -> dict[str, Mapping[str, Any]]:
    """Return the stored settings of each recipe."""
    settings = project_settings(project)
    stored: Any = settings.get(_RECIPE_SETTINGS, settings.get(_RECIPE_SETTINGS_BEFORE, {}))
    return dict(stored)
