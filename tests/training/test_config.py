"""A run's settings are possible or refused, and come back from disk as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import ConfigError
from core.models.augmentation import AugmentationConfig
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, WeightsSource
from core.training.config import (
    DEFAULT_EPOCHS,
    DEFAULT_LEARNING_RATE,
    DEFAULT_PATIENCE,
    MAX_EPOCHS,
    MAX_VIEWS,
    HeadConfig,
    LossConfig,
    Monitor,
    OptimizerConfig,
    Pooling,
    Recipe,
    Schedule,
    TrainingConfig,
    recipe_for,
)


def test_settings_survive_the_way_through_json() -> None:
    """A worker reads what a page wrote."""
    config = TrainingConfig(
        dataset_version=3,
        backbone="small_cnn",
        recipe=Recipe.SCRATCH,
        augmentation=AugmentationConfig(flip="both", rotation=0.1),
        augmented_views=4,
        head=HeadConfig(pooling=Pooling.GLOBAL, hidden_units=(32, 16), dropout_rate=0.5),
        loss=LossConfig(label_smoothing=0.1),
        optimizer=OptimizerConfig(learning_rate=0.01, schedule=Schedule.PLATEAU),
        monitor=Monitor.MACRO_F1,
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
    assert (config.backbone, config.recipe, config.head.hidden_units) == (DEFAULT_BACKBONE, Recipe.QUICK, ())
    assert not config.augmentation.is_active


def test_unknown_settings_are_refused_by_name() -> None:
    """A misspelt setting that was silently ignored would train something else."""
    with pytest.raises(ConfigError, match=r"Unknown setting: epoch, learning_rate\."):
        TrainingConfig.from_json({"dataset_version": 1, "learning_rate": 0.1, "epoch": 3})


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"augmentation": {"rotate": 0.1}}, "no augmentation called “rotate”"),
        ({"backbone": "resnet5000"}, "resnet5000"),
        ({"recipe": "slow"}, "no recipe called “slow”. Choose from: quick, balanced, best, scratch"),
    ],
    ids=["augmentation", "backbone", "recipe"],
)
def test_unknown_names_are_told_to_the_user(record: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        TrainingConfig.from_json({"dataset_version": 1, **record})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", -1),
        ("epochs", MAX_EPOCHS + 1),
        ("augmented_views", 0),
        ("augmented_views", MAX_VIEWS + 1),
        ("patience", -1),
        ("unfreeze", 0.01),
        ("batch_size", 1),
        ("seed", -1),
        ("seed", 2**31),
        ("picture_size", 31),
        ("picture_size", -224),
        ("picture_size", 1025),
    ],
)
def test_settings_outside_their_range_are_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{name} is .*; it must lie between"):
        TrainingConfig.from_json({"dataset_version": 1, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 1),
        ("epochs", MAX_EPOCHS),
        ("augmented_views", 1),
        ("augmented_views", MAX_VIEWS),
        ("unfreeze", 1.0),
        ("batch_size", 1024),
        ("seed", 2**31 - 1),
        ("picture_size", 0),
        ("picture_size", 33),
        ("picture_size", 1024),
    ],
)
def test_the_ends_of_a_range_are_possible(name: str, value: float) -> None:
    config = TrainingConfig.from_json({"dataset_version": 1, name: value})
    assert getattr(config, name) == value


@pytest.mark.parametrize("size", [96.5, True, "large"])
def test_a_picture_size_is_a_whole_number(size: object) -> None:
    with pytest.raises(ConfigError, match=r"picture_size is .*; it must be a whole number"):
        TrainingConfig.from_json({"dataset_version": 1, "picture_size": size})


def test_the_backbone_takes_pictures_of_the_size_that_is_set() -> None:
    own, small = (TrainingConfig(dataset_version=1, picture_size=size) for size in (0, 96))
    assert own.sized_backbone is BACKBONES[DEFAULT_BACKBONE]
    assert (own.sized_backbone.input_size, small.sized_backbone.input_size) == (224, 96)
    assert small.sized_backbone.key == DEFAULT_BACKBONE


@pytest.mark.parametrize(
    ("backbone", "size", "sentence"),
    [
        ("efficientnet_lite0", 32, "EfficientNet-Lite0 needs pictures of at least 33 pixels a side, not 32"),
        ("vgg16", 63, "VGG16 needs pictures of at least 64 pixels a side, not 63"),
        ("inception_v3", 106, "InceptionV3 needs pictures of at least 107 pixels a side, not 106"),
        ("vit", 100, "squares of 8 pixels, and 100 pixels a side are no multiple of that. Choose 96 or 104"),
    ],
)
def test_a_size_that_a_backbone_cannot_take_is_refused_before_anything_is_done(
    backbone: str, size: int, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        TrainingConfig(dataset_version=1, backbone=backbone, recipe=recipe_for(backbone), picture_size=size)


def test_a_network_without_pretrained_weights_cannot_be_trained_quickly() -> None:
    with pytest.raises(ConfigError, match="recipe “quick” cannot use it"):
        TrainingConfig(dataset_version=1, backbone="small_cnn", recipe=Recipe.QUICK)


@pytest.mark.parametrize(
    "head",
    [
        {"hidden_units": [0]},
        {"hidden_units": [4097]},
        {"hidden_units": [8] * 5},
        {"dropout_rate": -0.01},
        {"dropout_rate": 0.91},
        {"dropout_rate": float("nan")},
        {"l2": -1.0},
    ],
)
def test_impossible_heads_are_refused(head: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"is .*; it must lie between"):
        TrainingConfig.from_json({"dataset_version": 1, "head": head})


def test_a_dropout_rate_is_a_number() -> None:
    with pytest.raises(ConfigError, match="dropout_rate is 'half'; it must be a number"):
        TrainingConfig.from_json({"dataset_version": 1, "head": {"dropout_rate": "half"}})


def test_the_older_name_of_the_monitor_is_read() -> None:
    """Runs of version 0.1.0 wrote ``watch``."""
    old = TrainingConfig.from_json({"dataset_version": 1, "watch": "validation_accuracy"})
    assert old.monitor is Monitor.ACCURACY


def test_nothing_said_means_the_recipes_own() -> None:
    """Zero epochs, patience or learning rate would train nothing."""
    quick, best = (TrainingConfig(dataset_version=1, recipe=recipe) for recipe in (Recipe.QUICK, Recipe.BEST))
    assert (quick.epochs, best.epochs) == (DEFAULT_EPOCHS[Recipe.QUICK], DEFAULT_EPOCHS[Recipe.BEST])
    assert best.patience == DEFAULT_PATIENCE[Recipe.BEST]
    assert best.learning_rate == DEFAULT_LEARNING_RATE[Recipe.BEST]


def test_runs_of_the_first_darkroom_are_read() -> None:
    """They named the head's settings at the top."""
    old = TrainingConfig.from_json({"dataset_version": 1, "hidden_units": 64, "dropout_rate": 0.4})
    assert old.head == HeadConfig(hidden_units=(64,), dropout_rate=0.4)
    linear = TrainingConfig.from_json({"dataset_version": 1, "hidden_units": 0})
    assert linear.head == HeadConfig()


@pytest.mark.parametrize("key", BACKBONES)
def test_every_backbone_has_a_recipe_that_fits(key: str) -> None:
    recipe = recipe_for(key)
    assert (recipe is Recipe.SCRATCH) == (BACKBONES[key].weights is WeightsSource.NONE)
    assert TrainingConfig(dataset_version=1, backbone=key, recipe=recipe).recipe is recipe
