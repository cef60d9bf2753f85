"""Trials of an older search are compared under the names that settings have today."""

from __future__ import annotations

import pytest

from core.runs.compare import differing_settings
from core.search.config import SearchConfig
from core.search.records import TrialRecord
from core.search.space import Categorical, SearchSpace
from core.search.study.first_trials import _compatible
from core.search.study.trials import StudyTrialRecord
from core.training.config import HeadConfig, Pooling, TrainingConfig


def test_a_setting_with_an_older_name_differs_only_by_its_value() -> None:
    """``watch`` is ``monitor`` now; the page would show both, one of them without a value."""
    config = TrainingConfig(dataset_version=1).to_json()
    older = {"watch" if name == "monitor" else name: value for name, value in config.items()}
    values = {"number": 0, "state": "complete", "speed": "head", "params": {}, "settings": older}
    for kind in (TrialRecord, StudyTrialRecord):
        assert differing_settings([config, dict(kind.from_json(values).settings)]) == {}


def test_a_pooling_with_an_older_code_is_the_same_pooling() -> None:
    """``quarters`` is ``grid`` now."""
    grid = TrainingConfig(dataset_version=1, head=HeadConfig(pooling=Pooling.GRID)).to_json()
    older = {**grid, "head": {**grid["head"], "pooling": "quarters"}}
    assert TrainingConfig.from_json(older).to_json() == grid
    values = {"number": 0, "state": "complete", "speed": "head", "params": {}, "settings": older}
    assert differing_settings([grid, dict(TrialRecord.from_json(values).settings)]) == {}


@pytest.mark.parametrize("choices", [("global", "grid"), ("mean", "quarters")])
def test_an_earlier_search_warms_a_new_one_and_its_own_resumption(choices: tuple[str, ...]) -> None:
    """A study that version 0.1.0 began keeps its own codes: Optuna refuses other choices."""
    space = SearchSpace(domains={"pooling": Categorical(choices=choices)})
    config = SearchConfig(base=TrainingConfig(dataset_version=1), minutes=1.0, space=space)
    assert _compatible({"pooling": "quarters"}, config) == {"pooling": choices[1]}
