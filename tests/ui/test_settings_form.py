"""Settings form: only fields that affect the run are shown."""

from __future__ import annotations

from typing import Any

import pytest

from core.models.augmentation import AugmentationConfig
from core.training.config import (
    HeadConfig,
    Loss,
    LossConfig,
    Optimizer,
    OptimizerConfig,
    Recipe,
    Schedule,
    TrainingConfig,
)
from pages.ui.display_names.training import SETTING_NAMES, flat
from pages.ui.train.settings_form import GROUPS, heeded_by

CHANGED = AugmentationConfig(rotation=0.1)


def heeded(recipe: Recipe = Recipe.QUICK, **settings: object) -> set[str]:
    return heeded_by(TrainingConfig(dataset_version=1, recipe=recipe, **settings))  # type: ignore[arg-type]


def test_a_linear_head_has_no_optimiser() -> None:
    quick = heeded()
    assert not [path for path in quick if path.startswith("optimizer")]
    assert quick.isdisjoint({"batch_size", "patience", "unfreeze", "head.dropout_rate", "augmented_views"})


@pytest.mark.parametrize(
    "settings",
    [{"head": HeadConfig(hidden_units=(64,))}, {"loss": LossConfig(kind=Loss.FOCAL)}],
    ids=["hidden layer", "focal loss"],
)
def test_what_a_linear_fit_cannot_do_is_done_along_gradients(settings: dict[str, Any]) -> None:
    assert heeded(**settings) >= {"optimizer.kind", "optimizer.learning_rate", "batch_size", "patience"}


def test_only_recipes_that_adapt_a_backbone_ask_how_much_of_it() -> None:
    asked = {recipe for recipe in Recipe if "unfreeze" in heeded(recipe)}
    assert asked == {Recipe.BALANCED, Recipe.BEST}


def test_changed_copies_are_counted_only_where_there_are_any() -> None:
    assert "augmented_views" in heeded(augmentation=CHANGED)
    assert "augmented_views" not in heeded(Recipe.SCRATCH, augmentation=CHANGED)


def test_momentum_is_asked_of_sgd_and_weight_decay_not_of_adam() -> None:
    sgd = heeded(Recipe.BEST, optimizer=OptimizerConfig(kind=Optimizer.SGD))
    adam = heeded(Recipe.BEST, optimizer=OptimizerConfig(kind=Optimizer.ADAM))
    assert "optimizer.momentum" in sgd
    assert "optimizer.momentum" not in adam
    assert "optimizer.weight_decay" not in adam


def test_only_a_cosine_warms_up() -> None:
    constant = heeded(Recipe.BEST, optimizer=OptimizerConfig(schedule=Schedule.CONSTANT))
    assert "optimizer.warmup_fraction" not in constant
    assert "optimizer.warmup_fraction" in heeded(Recipe.BEST)


def test_every_setting_has_a_name_and_a_dial_or_a_page_of_its_own() -> None:
    """A setting that is added to the core cannot be forgotten here."""
    paths = {
        path
        for path in flat(TrainingConfig(dataset_version=1).to_json())
        if not path.startswith("augmentation")
    }
    assert paths | {"augmentation"} == set(SETTING_NAMES)
    with_dials = {dial.path for _, group in GROUPS for dial in group}
    assert paths - with_dials == {"dataset_version", "backbone", "recipe"}
