"""Combinations of a grid: each setting of a conditional space once."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.search.space import DIMENSIONS, SearchSpace, Speed, config_with, default_space
from core.search.study.combinations import combinations_of, require_small_grid
from core.training.config import TrainingConfig

BASE = TrainingConfig(dataset_version=1)


def test_a_grid_of_more_combinations_than_memory_holds_is_refused() -> None:
    """The usual space of networks has 155,904; three batch sizes make more than three times as many."""
    usual = default_space(Speed.FULL, BASE)
    require_small_grid(usual, BASE)
    wide = SearchSpace(domains={**usual.domains, "batch_size": DIMENSIONS["batch_size"].domain})
    with pytest.raises(ConfigError, match=r"434.?432"):
        combinations_of(wide, BASE)


def test_a_grid_has_each_setting_once() -> None:
    """Linear heads: 2 poolings, 4 penalties, 4 smoothings, 2 weightings; hidden layers have 4 settings of 4 values."""
    grid = combinations_of(default_space(Speed.HEAD, BASE), BASE)
    assert len(grid) == len({frozenset(setting.items()) for setting in grid})
    linear = [setting for setting in grid if not setting["hidden_layers"]]
    assert (len(linear), len(grid) - len(linear)) == (2 * 4 * 4 * 2, 2 * 4**4 * 4 * 2)
    assert set(linear[0]) == {"pooling", "hidden_layers", "l2", "label_smoothing", "imbalance"}
    assert len({str(config_with(BASE, setting).to_json()) for setting in linear}) == len(linear)
