"""Options of ``train`` become training settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import _parser
from core.cli.runs import training_config
from core.errors import ConfigError
from core.search.analysis.export import settings_json
from core.search.records import TrialRecord, TrialState
from core.search.space import Speed
from core.training.config import HeadConfig, Imbalance, Monitor, Recipe, TrainingConfig

CHOSEN = TrainingConfig(
    dataset_version=3,
    recipe=Recipe.BALANCED,
    head=HeadConfig(l2=0.02),
    imbalance=Imbalance.CLASS_WEIGHTS,
    epochs=7,
)


def config(*arguments: str | Path) -> TrainingConfig:
    return training_config(_parser().parse_args(["train", "--project", "x", *map(str, arguments)]), version=5)


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    trial = TrialRecord(
        number=4, state=TrialState.COMPLETE, speed=Speed.FULL, params={"l2": 0.02}, settings=CHOSEN.to_json()
    )
    file = tmp_path / "best.json"
    file.write_text(settings_json(trial), encoding="utf-8")
    return file


def test_a_search_s_settings_file_is_trained_with(settings_file: Path) -> None:
    """On the newest pictures, whichever the search had."""
    found = config("--settings", settings_file)
    assert found.dataset_version == 5
    assert found.to_json() | {"dataset_version": 3} == CHOSEN.to_json()


def test_other_options_change_a_settings_file(settings_file: Path) -> None:
    found = config("--settings", settings_file, "--imbalance", "none", "--set", "head.dropout_rate=0.5")
    assert (found.imbalance, found.head.dropout_rate, found.head.l2) == (Imbalance.NONE, 0.5, 0.02)


def test_an_option_overrides_a_setting_with_an_older_name(tmp_path: Path) -> None:
    """Before 2026-12 a search wrote ``watch``; the value of the option counts, not the file's."""
    file = tmp_path / "best.json"
    file.write_text('{"settings": {"watch": "validation_accuracy"}}')
    assert config("--settings", file).monitor is Monitor.ACCURACY
    assert config("--settings", file, "--monitor", "validation_macro_f1").monitor is Monitor.MACRO_F1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"settings": 3}', '{"settings": {"speed": 3}}'])
def test_another_file_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match=r"other\.json|speed"):
        config("--settings", file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json"):
        config("--settings", tmp_path / "none.json")


def test_without_a_file_the_recipe_brings_its_own(tmp_path: Path) -> None:
    assert config() == TrainingConfig(dataset_version=5)
    assert config("--recipe", "balanced").augmentation.is_active
    assert json.loads(json.dumps(config("--seed", "3").to_json()))["seed"] == 3
