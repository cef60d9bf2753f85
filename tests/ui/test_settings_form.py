"""Settings form: only fields that affect the run are shown."""

from __future__ import annotations

from typing import Any

import pytest

from core.models.augmentation import AugmentationConfig
from core.runs.setting_names import SETTING_NAMES, flat
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
from core.training.leading_metric import LeadingMetric
from pages.ui.train.settings_form import GROUPS, used_settings

CHANGED = AugmentationConfig(rotation=0.1)


def used(recipe: Recipe = Recipe.QUICK, **settings: object) -> set[str]:
    return used_settings(TrainingConfig(dataset_version=1, recipe=recipe, **settings))  # type: ignore[arg-type]


def test_a_linear_head_has_no_optimiser() -> None:
    quick = used()
    assert not [path for path in quick if path.startswith("optimizer")]
    assert quick.isdisjoint({"batch_size", "patience", "unfreeze", "head.dropout_rate", "augmented_views"})


@pytest.mark.parametrize(
    "settings",
    [{"head": HeadConfig(hidden_units=(64,))}, {"loss": LossConfig(kind=Loss.FOCAL)}],
    ids=["hidden layer", "focal loss"],
)
def test_a_head_that_is_not_linear_has_an_optimiser(settings: dict[str, Any]) -> None:
    assert used(**settings) >= {"optimizer.kind", "optimizer.learning_rate", "batch_size", "patience"}


def test_only_recipes_that_fine_tune_have_a_share_of_the_backbone() -> None:
    recipes = {recipe for recipe in Recipe if "unfreeze" in used(recipe)}
    assert recipes == {Recipe.BALANCED, Recipe.BEST}


def test_the_number_of_copies_is_used_only_with_augmentation() -> None:
    assert "augmented_views" in used(augmentation=CHANGED)
    assert "augmented_views" not in used(Recipe.SCRATCH, augmentation=CHANGED)


def test_sgd_has_a_momentum_and_adam_no_weight_decay() -> None:
    sgd = used(Recipe.BEST, optimizer=OptimizerConfig(kind=Optimizer.SGD))
    adam = used(Recipe.BEST, optimizer=OptimizerConfig(kind=Optimizer.ADAM))
    assert "optimizer.momentum" in sgd
    assert "optimizer.momentum" not in adam
    assert "optimizer.weight_decay" not in adam


def test_only_the_cosine_schedule_has_a_warm_up() -> None:
    constant = used(Recipe.BEST, optimizer=OptimizerConfig(schedule=Schedule.CONSTANT))
    assert "optimizer.warmup_fraction" not in constant
    assert "optimizer.warmup_fraction" in used(Recipe.BEST)


def test_every_setting_has_a_name_and_a_field_or_a_page() -> None:
    """A setting added to the core must not be missing on the page."""
    paths = {
        path
        for path in flat(TrainingConfig(dataset_version=1, leading_metric=LeadingMetric()).to_json())
        if not path.startswith("augmentation")
    }
    assert paths | {"augmentation"} == set(SETTING_NAMES)
    with_fields = {field.path for _, group in GROUPS for field in group}
    on_evaluate = {path for path in paths if path.startswith("leading_metric.")}
    assert paths - with_fields - on_evaluate == {"dataset_version", "backbone", "recipe"}
