"""Dimensions of a search space and their conditions."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ConfigError
from core.models.augmentation import AugmentationConfig
from core.search.space import (
    DIMENSIONS,
    Categorical,
    Numbers,
    SearchSpace,
    Speed,
    config_with,
    default_space,
    values_of,
)
from core.training.config import HeadConfig, Pooling, Recipe, TrainingConfig


class Chosen:
    """Predictions like an Optuna trial, with what the test chose, else with the first or lowest value."""

    def __init__(self, **values: Any) -> None:
        self._values = values
        self.asked: list[str] = []

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        self.asked.append(name)
        return self._values.get(name, choices[0])

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        self.asked.append(name)
        return float(self._values.get(name, low))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        self.asked.append(name)
        return int(self._values.get(name, low))


BASE = TrainingConfig(dataset_version=1)


def test_a_linear_head_is_not_asked_for_what_hidden_layers_need() -> None:
    """Values that change nothing would mislead the sampler, and whoever reads the trials."""
    trial = Chosen(hidden_layers=0)
    values = default_space(Speed.HEAD, BASE).suggest(trial, BASE)
    assert "l2" in values
    assert not {"hidden_units", "dropout_rate", "head_learning_rate"} & set(values)


def test_hidden_layers_ask_for_units_and_not_for_the_linear_penalty() -> None:
    trial = Chosen(hidden_layers=1, hidden_units=256)
    values = default_space(Speed.HEAD, BASE).suggest(trial, BASE)
    assert {"hidden_units", "dropout_rate", "head_learning_rate", "head_weight_decay"} <= set(values)
    assert "l2" not in values
    assert config_with(BASE, values).head.hidden_units == (256,)


def test_what_networks_need_is_asked_where_networks_are_trained() -> None:
    space = default_space(Speed.FULL, BASE)
    quick, balanced, best = (
        set(space.suggest(Chosen(recipe=recipe), BASE)) for recipe in ("quick", "balanced", "best")
    )
    assert {"learning_rate", "unfreeze"} & quick == set()
    assert {"learning_rate", "weight_decay", "schedule", "unfreeze"} <= balanced
    assert "unfreeze" not in best
    assert "learning_rate" in best


def test_a_parent_outside_the_space_has_the_value_of_the_base() -> None:
    hidden = TrainingConfig(dataset_version=1, head=HeadConfig(hidden_units=(64,)))
    space = SearchSpace(domains={"dropout_rate": Numbers(low=0.1, high=0.5)})
    assert space.suggest(Chosen(), hidden) == {"dropout_rate": 0.1}
    assert space.suggest(Chosen(), BASE) == {}


def test_parents_are_asked_for_first() -> None:
    asked = Chosen(recipe="balanced", hidden_layers=1)
    default_space(Speed.FULL, BASE).suggest(asked, BASE)
    for name in asked.asked:
        for parent in DIMENSIONS[name].needs:
            assert asked.asked.index(parent) < asked.asked.index(name)


def test_settings_are_the_base_where_nothing_was_chosen() -> None:
    base = TrainingConfig(
        dataset_version=3, recipe=Recipe.BALANCED, head=HeadConfig(pooling=Pooling.MAX, hidden_units=(32, 16))
    )
    assert config_with(base, {}) == base


def test_every_dimension_says_where_the_base_stands() -> None:
    assert set(values_of(BASE)) == set(DIMENSIONS)


def test_another_recipe_has_its_own_length() -> None:
    balanced = config_with(BASE, {"recipe": "balanced"})
    assert (balanced.epochs, balanced.patience) == (12, 5)
    assert config_with(TrainingConfig(dataset_version=1, epochs=7), {"l2": 0.1}).epochs == 7


@pytest.mark.parametrize(
    ("factor", "rotation", "flip"), [(0.0, 0.0, "none"), (0.5, 0.05, "horizontal"), (1.5, 0.15, "horizontal")]
)
def test_the_chosen_changes_grow_and_shrink_together(factor: float, rotation: float, flip: str) -> None:
    base = TrainingConfig(dataset_version=1, augmentation=AugmentationConfig(flip="horizontal", rotation=0.1))
    changed = config_with(base, {"augmentation": factor}).augmentation
    assert changed.rotation == pytest.approx(rotation)
    assert changed.flip == flip
    assert changed.zoom == 0.0


def test_a_strength_stays_within_what_is_sensible() -> None:
    base = TrainingConfig(dataset_version=1, augmentation=AugmentationConfig(rotation=0.4))
    assert config_with(base, {"augmentation": 1.5}).augmentation.rotation == 0.5


def test_a_single_kind_of_change_is_what_it_was_chosen_to_be() -> None:
    base = TrainingConfig(dataset_version=1, augmentation=AugmentationConfig(rotation=0.1, zoom=0.2))
    changed = config_with(base, {"augmentation": 0.5, "change.zoom": 0.3}).augmentation
    assert changed.rotation == pytest.approx(0.05)
    assert changed.zoom == 0.3


@pytest.mark.parametrize(
    ("domains", "words"),
    [
        ({"speed_of_light": Categorical(choices=(1,))}, "speed_of_light"),
        ({"unfreeze": Numbers(low=0.1, high=0.5)}, "unfreeze"),  # of no use to heads alone
        ({"pooling": Categorical(choices=())}, "pooling"),
        ({"pooling": Categorical(choices=("global", "sideways"))}, "sideways"),
        ({"l2": Numbers(low=1.0, high=0.1)}, "1.0"),
        ({"l2": Numbers(low=0.0, high=0.1, log=True)}, "l2"),
        ({"dropout_rate": Numbers(low=0.0, high=3.0)}, "dropout_rate"),
        ({"backbone": Categorical(choices=("resnet_9000",))}, "resnet_9000"),
    ],
)
def test_an_impossible_space_is_refused_before_anything_starts(domains: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SearchSpace(domains=domains).require_fits(Speed.HEAD, BASE)


def test_a_space_survives_being_written_down() -> None:
    space = default_space(Speed.FULL, BASE)
    assert SearchSpace.from_json(space.to_json()) == space


def test_a_domain_may_leave_its_scale_to_the_dimension() -> None:
    space = SearchSpace.from_json({"l2": {"low": 0.01, "high": 0.1}})
    assert space.domains["l2"] == Numbers(low=0.01, high=0.1, log=True)


@pytest.mark.parametrize("value", [3, {"from": 1, "to": 2}, None])
def test_a_domain_of_another_form_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="l2"):
        SearchSpace.from_json({"l2": value})


@pytest.mark.parametrize(
    ("domain", "points"),
    [
        (Numbers(low=0.001, high=1.0, log=True), [0.001, 0.01, 0.1, 1.0]),
        (Numbers(low=0.0, high=0.6), [0.0, 0.2, 0.4, 0.6]),
        (Numbers(low=0, high=1, whole=True), [0, 1]),
        (Categorical(choices=("a", "b")), ["a", "b"]),
    ],
)
def test_a_grid_takes_evenly_spread_points(domain: Any, points: list[Any]) -> None:
    assert domain.points(4) == pytest.approx(points)
