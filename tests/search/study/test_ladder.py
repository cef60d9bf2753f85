"""Ladder of a climb: what a point of accuracy costs least comes next, and nothing is tried twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import optuna
import pytest

from core.data.dataset import Dataset, open_dataset
from core.errors import ConfigError
from core.search.climb import climb_config
from core.search.config import SearchConfig
from core.search.records import TrialState
from core.search.space import SearchSpace, Speed, config_with
from core.search.study import ladder
from core.search.study.ladder import Tried, next_rung, queue_next_rung
from core.search.study.trials import RECORD, StudyTrialRecord
from core.training.config import Recipe, TrainingConfig
from core.workspace import Project

BACKBONES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
Seconds = Mapping[tuple[str, Recipe], float]


@pytest.fixture
def dataset(digits_project: Project) -> Dataset:
    return open_dataset(digits_project)


@pytest.fixture
def config() -> SearchConfig:
    return climb_config(TrainingConfig(dataset_version=1), minutes=10)


def cost(monkeypatch: pytest.MonkeyPatch, seconds: Seconds) -> None:
    """Let rungs cost so much, a minute where nothing is said; the test and export after it cost 5 s."""

    def of(config: SearchConfig, dataset: Dataset, settings: TrainingConfig) -> tuple[float, float]:
        return seconds.get((settings.backbone, settings.recipe), 60.0), 5.0

    monkeypatch.setattr(ladder, "_seconds", of)


def tried(merit: float | None, backbone: str = BACKBONES[0], recipe: Recipe = Recipe.QUICK) -> Tried:
    return Tried(settings=TrainingConfig(dataset_version=1, backbone=backbone, recipe=recipe), merit=merit)


def augmented(one: Tried, config: SearchConfig) -> Tried:
    """The same with the augmentation of a rung."""
    values = {"backbone": one.settings.backbone, "recipe": one.settings.recipe.value, "augmentation": 1.0}
    return Tried(settings=config_with(config.base, values), merit=one.merit)


def test_the_backbones_are_those_on_this_computer(config: SearchConfig) -> None:
    """Each by itself, and two or three together."""
    choices = config.space.domains["backbone"].points(0)
    assert tuple(choices[:3]) == BACKBONES
    assert [str(choice).count("+") for choice in choices] == [0, 0, 0, 1, 1, 1, 2]


def test_another_backbone_is_cheaper_than_training_one(
    monkeypatch: pytest.MonkeyPatch, dataset: Dataset, config: SearchConfig
) -> None:
    cost(monkeypatch, {(BACKBONES[2], Recipe.QUICK): 10.0})
    rung = next_rung(config, dataset, [tried(0.8)], 600)
    assert rung == {"backbone": BACKBONES[2], "recipe": "quick", "augmentation": 0.0}


def test_the_two_best_backbones_are_joined_then_the_three(
    monkeypatch: pytest.MonkeyPatch, dataset: Dataset, config: SearchConfig
) -> None:
    cost(monkeypatch, {})
    heads = [tried(0.8), tried(0.7, BACKBONES[1]), tried(0.9, BACKBONES[2])]
    pair = f"{BACKBONES[0]}+{BACKBONES[2]}"
    cost(monkeypatch, {(pair, Recipe.QUICK): 1.0})
    assert next_rung(config, dataset, heads, 600) == {
        "backbone": pair,
        "recipe": "quick",
        "augmentation": 0.0,
    }
    cost(monkeypatch, {("+".join(BACKBONES), Recipe.QUICK): 1.0})
    three = next_rung(config, dataset, [*heads, tried(0.95, pair)], 600)
    assert three is not None
    assert three["backbone"] == "+".join(BACKBONES)


def test_the_best_backbone_is_trained_where_that_costs_least(
    monkeypatch: pytest.MonkeyPatch, dataset: Dataset, config: SearchConfig
) -> None:
    cost(monkeypatch, {(BACKBONES[1], Recipe.BALANCED): 30.0})
    rung = next_rung(config, dataset, [tried(0.8), tried(0.9, BACKBONES[1])], 600)
    assert rung == {"backbone": BACKBONES[1], "recipe": "balanced", "augmentation": 1.0}


def test_what_cannot_end_in_time_is_not_begun(
    monkeypatch: pytest.MonkeyPatch, dataset: Dataset, config: SearchConfig
) -> None:
    """The test and the export come after the climb, and belong to its time."""
    cost(monkeypatch, {(BACKBONES[2], Recipe.QUICK): 10.0})
    first = [tried(0.8)]
    assert next_rung(config, dataset, first, 17.1) is not None
    assert next_rung(config, dataset, first, 16.9) is None


def test_a_rung_that_failed_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, dataset: Dataset, config: SearchConfig
) -> None:
    cost(monkeypatch, {(BACKBONES[2], Recipe.QUICK): 10.0})
    rung = next_rung(config, dataset, [tried(0.8), tried(None, BACKBONES[2])], 600)
    assert rung is not None
    assert (rung["backbone"], rung["recipe"]) != (BACKBONES[2], "quick")


def test_a_rung_that_the_end_of_the_time_cut_off_is_tried_again_in_a_longer_climb(
    monkeypatch: pytest.MonkeyPatch, dataset: Dataset, config: SearchConfig
) -> None:
    cost(monkeypatch, {(BACKBONES[2], Recipe.QUICK): 10.0})
    study = optuna.create_study(direction="maximize")
    for state, rung in ((TrialState.COMPLETE, tried(0.8)), (TrialState.PRUNED, tried(None, BACKBONES[2]))):
        trial = study.ask()
        record = StudyTrialRecord(
            number=trial.number,
            state=state,
            speed=Speed.HEAD,
            params={},
            settings=rung.settings.to_json(),
            worker="here",
            seconds=1.0,
            ended=float(trial.number),
            value=rung.merit,
        )
        trial.set_user_attr(RECORD, record.to_json())
        study.tell(trial, rung.merit, state=optuna.trial.TrialState[state.name])
    assert queue_next_rung(study, config, dataset, seconds_left=600)
    assert study.ask().suggest_categorical("backbone", BACKBONES) == BACKBONES[2]


@pytest.mark.parametrize(("merit", "follows"), [(0.9, True), (0.7, False)])
def test_all_blocks_are_trained_only_after_the_last_blocks_gained(
    monkeypatch: pytest.MonkeyPatch, dataset: Dataset, config: SearchConfig, merit: float, follows: bool
) -> None:
    cost(monkeypatch, {(BACKBONES[0], Recipe.BEST): 1.0})
    balanced = augmented(tried(merit, recipe=Recipe.BALANCED), config)
    rung = next_rung(config, dataset, [tried(0.8), balanced], 600)
    assert rung is not None
    assert (rung["recipe"] == "best") is follows


def test_a_ladder_ends(monkeypatch: pytest.MonkeyPatch, dataset: Dataset, config: SearchConfig) -> None:
    """Each rung is tried once, even where every one is better than the one before."""
    cost(monkeypatch, {})
    done = [tried(0.5)]
    while (rung := next_rung(config, dataset, done, 1e9)) is not None:
        settings = config_with(config.base, rung)
        assert settings not in [one.settings for one in done]
        done.append(Tried(settings=settings, merit=0.5 + 0.01 * len(done)))
    assert any("+" in one.settings.backbone for one in done)
    assert {one.settings.recipe for one in done} == {Recipe.QUICK, Recipe.BALANCED, Recipe.BEST}


def test_times_of_this_machine_decide(dataset: Dataset, config: SearchConfig) -> None:
    """By estimates, a head on other features is cheaper than training a network."""
    of = [
        ladder._seconds(config, dataset, tried(None, BACKBONES[0], recipe).settings)[0]
        for recipe in (Recipe.QUICK, Recipe.BALANCED, Recipe.BEST)
    ]
    assert of == sorted(of)
    assert of[0] < of[1]


def test_a_space_without_backbones_cannot_be_climbed(config: SearchConfig) -> None:
    with pytest.raises(ConfigError, match="varies augmentation, backbone, recipe"):
        replace(config, space=SearchSpace(domains={"recipe": config.space.domains["recipe"]}))
    with pytest.raises(ConfigError, match="one process"):
        replace(config, workers=2)
