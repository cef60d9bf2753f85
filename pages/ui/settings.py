"""The next run's settings, from what was chosen on the pages."""

from __future__ import annotations

from typing import Any

from core.data.dataset import open_dataset
from core.models.augmentation import AugmentationConfig
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE
from core.training.config import TrainingConfig, recipe_for
from core.workspace import Project, project_settings, remember_setting


def chosen_backbone(project: Project) -> str:
    """The backbone chosen on the Model page, or the default."""
    name = str(project_settings(project).get("backbone", DEFAULT_BACKBONE))
    return name if name in BACKBONES else DEFAULT_BACKBONE


def choose_backbone(project: Project, key: str) -> None:
    remember_setting(project, "backbone", key)


def chosen_augmentation(project: Project) -> AugmentationConfig:
    """The changes chosen on the Augment page, or none."""
    record: Any = project_settings(project).get("augmentation", {})
    return AugmentationConfig.from_json(record)


def next_config(project: Project, **overrides: Any) -> TrainingConfig:
    """What a press on Start would train.

    Raises:
        ConfigError: an override is outside what is possible.
    """
    backbone = chosen_backbone(project)
    recipe = recipe_for(backbone)
    return TrainingConfig(
        dataset_version=open_dataset(project).version,
        backbone=backbone,
        recipe=recipe,
        augmentation=chosen_augmentation(project),
        **overrides,
    )
