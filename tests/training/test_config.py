"""A run's settings are possible or refused, and come back from disk as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import ConfigError
from core.models.augmentation import AugmentationConfig
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, WeightsSource
from core.training.config import MAX_EPOCHS, MAX_VIEWS, Recipe, TrainingConfig, recipe_for


def test_settings_survive_the_way_through_json() -> None:
    """A worker reads what a page wrote."""
    config = TrainingConfig(
        dataset_version=3,
        backbone="small_cnn",
        recipe=Recipe.SCRATCH,
        augmentation=AugmentationConfig(flip="both", rotation=0.1),
        augmented_views=4,
        hidden_units=32,
        dropout_rate=0.5,
        epochs=7,
        seed=11,
    )
    record = json.loads(json.dumps(config.to_json()))
    assert TrainingConfig.from_json(record) == config
    assert record["recipe"] == "scratch"
    assert record["augmentation"]["rotation"] == 0.1


def test_what_is_not_said_takes_its_default() -> None:
    config = TrainingConfig.from_json({"dataset_version": 1})
    assert config == TrainingConfig(dataset_version=1)
    assert (config.backbone, config.recipe, config.hidden_units) == (DEFAULT_BACKBONE, Recipe.QUICK, 0)
    assert not config.augmentation.is_active


def test_unknown_settings_are_refused_by_name() -> None:
    """A misspelt setting that was silently ignored would train something else."""
    with pytest.raises(ConfigError, match=r"Unknown training setting: epoch, learning_rate\."):
        TrainingConfig.from_json({"dataset_version": 1, "learning_rate": 0.1, "epoch": 3})


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"augmentation": {"rotate": 0.1}}, "no augmentation called “rotate”"),
        ({"backbone": "resnet5000"}, "resnet5000"),
        ({"recipe": "slow"}, "no recipe called “slow”. Choose from: quick, scratch"),
    ],
    ids=["augmentation", "backbone", "recipe"],
)
def test_unknown_names_are_told_to_the_user(record: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        TrainingConfig.from_json({"dataset_version": 1, **record})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", MAX_EPOCHS + 1),
        ("augmented_views", 0),
        ("augmented_views", MAX_VIEWS + 1),
        ("hidden_units", -1),
        ("hidden_units", 4097),
        ("dropout_rate", -0.01),
        ("dropout_rate", 0.91),
        ("dropout_rate", float("nan")),
        ("seed", -1),
        ("seed", 2**31),
    ],
)
def test_settings_outside_their_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} is .*; it must lie between"):
        TrainingConfig.from_json({"dataset_version": 1, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 1),
        ("epochs", MAX_EPOCHS),
        ("augmented_views", 1),
        ("augmented_views", MAX_VIEWS),
        ("hidden_units", 4096),
        ("dropout_rate", 0.0),
        ("dropout_rate", 0.9),
        ("seed", 2**31 - 1),
    ],
)
def test_the_ends_of_a_range_are_possible(name: str, value: float) -> None:
    config = TrainingConfig.from_json({"dataset_version": 1, name: value})
    assert getattr(config, name) == value


def test_a_network_without_pretrained_weights_cannot_be_trained_quickly() -> None:
    with pytest.raises(ConfigError, match="recipe “quick” cannot use it"):
        TrainingConfig(dataset_version=1, backbone="small_cnn", recipe=Recipe.QUICK)


def test_a_pretrained_network_is_not_trained_from_scratch() -> None:
    """On a CPU it would take days."""
    with pytest.raises(ConfigError, match="trains the small network, not ResNet50"):
        TrainingConfig(dataset_version=1, backbone="resnet50", recipe=Recipe.SCRATCH)


@pytest.mark.parametrize("key", BACKBONES)
def test_every_backbone_has_a_recipe_that_fits(key: str) -> None:
    recipe = recipe_for(key)
    assert (recipe is Recipe.SCRATCH) == (BACKBONES[key].weights is WeightsSource.NONE)
    assert TrainingConfig(dataset_version=1, backbone=key, recipe=recipe).recipe is recipe
